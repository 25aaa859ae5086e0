"""What to begin with: vendors and servers that speak one of the two wires, and where they usually are."""

from dataclasses import dataclass

from agents.models import Provider

OPENAI, ANTHROPIC = Provider.Kind.OPENAI, Provider.Kind.ANTHROPIC


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    kind: str
    base_url: str  # empty: the vendor's own
    hint: str


PRESETS = {
    "openai": Preset("OpenAI", OPENAI, "", "An API key of a project at platform.openai.com."),
    "anthropic": Preset("Anthropic", ANTHROPIC, "", "An API key of a workspace at console.anthropic.com."),
    "google": Preset(
        "Google",
        OPENAI,
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "A Gemini API key of Google AI Studio. Models are named as there: gemini-3-flash-preview.",
    ),
    "ollama": Preset(
        "Ollama",
        OPENAI,
        "http://localhost:11434/v1",
        "Needs no key. Models are named as “ollama list” has them. Its machine has to be in PRIVATE_HOSTS.",
    ),
    "vllm": Preset(
        "vLLM",
        OPENAI,
        "http://localhost:8000/v1",
        "The key is what the server was given as --api-key, if it was. Its machine has to be in "
        "PRIVATE_HOSTS.",
    ),
    "litellm": Preset(
        "LiteLLM",
        OPENAI,
        "http://localhost:4000/v1",
        "A virtual key of the proxy. Models are named as its model_list has them. Its machine has to be in "
        "PRIVATE_HOSTS if it is one of yours.",
    ),
    "other": Preset(
        "",
        OPENAI,
        "",
        "Anything that answers POST …/chat/completions (OpenAI) or POST …/v1/messages (Anthropic).",
    ),
}
