// The scenes in Node, with the SDK that is named. Prints a line of JSON for each: [its name, what came of it].
//
//   node chat.js ai5|ai6|ai7 ADDRESS TOKEN AGENT
import { play } from "./scenes.js";

const [, , sdk, address, token, agentId] = process.argv;
await play(await import(sdk), { address, token, agentId }, (scene, found) => console.log(JSON.stringify([scene, found])));
