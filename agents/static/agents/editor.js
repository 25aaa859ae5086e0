// The page of one agent. The element around the sections comes first: each of them asks it for what it shows.
import "agents/agent-editor.js";
import "agents/model.js";
import "agents/playground.js";
import "agents/prompt.js";
import "agents/rules.js";
import "agents/tests.js";
import "agents/tools.js";
import "agents/variables.js";
import "agents/versions.js";
import "agents/voice.js";
