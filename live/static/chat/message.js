// What the parts of a stream make of a message: the AI SDK's own shape of one, { id, role, parts, metadata }.

const TOOL_STATES = {
  "tool-input-start": "input-streaming",
  "tool-input-available": "input-available",
  "tool-input-error": "output-error",
  "tool-output-available": "output-available",
  "tool-output-error": "output-error",
};

export class Message {
  role = "assistant";
  parts = [];
  metadata = {};
  state = "streaming"; // then "done", "stopped" or "failed"
  error = null; // of one that failed: { type, retryable, trace_id, text }
  #open = new Map(); // id of a text → its part
  #told = {}; // the data-error, which comes just before the error

  constructor(id) {
    this.id = id;
  }

  get text() {
    return textOf(this);
  }

  get isSettled() {
    return this.state !== "streaming";
  }

  // Raises for a part that cannot come here.
  apply(part) {
    switch (part.type) {
      case "start":
        this.id = part.messageId ?? this.id;
        return this.#learn(part);
      case "message-metadata":
        return this.#learn(part);
      case "text-start":
        return this.#begin(part.id);
      case "text-delta":
        if (!this.#open.has(part.id)) throw new Error(`text ${part.id} was not begun`);
        this.#open.get(part.id).text += part.delta;
        return;
      case "text-end":
        this.#end(part.id);
        return;
      case "data-error":
        this.#told = part.data;
        return;
      case "error":
        return this.fail({ ...this.#told, text: part.errorText });
      case "abort":
        return this.settle("stopped");
      case "finish":
        this.#learn(part);
        return this.settle("done");
      default:
        if (part.type in TOOL_STATES) this.#tool(part);
    }
  }

  // Nothing more of it will come.
  settle(state) {
    for (const id of [...this.#open.keys()]) this.#end(id);
    if (this.state === "streaming") this.state = state;
  }

  fail({ type = "internal", retryable = false, trace_id = "", text = "" }) {
    this.settle("failed");
    this.error = { type, retryable, trace_id, text };
  }

  #learn({ messageMetadata }) {
    Object.assign(this.metadata, messageMetadata);
  }

  #begin(id) {
    const part = { type: "text", text: "", state: "streaming" };
    this.#open.set(id, part);
    this.parts.push(part);
  }

  #end(id) {
    const part = this.#open.get(id);
    if (part) part.state = "done";
    this.#open.delete(id);
  }

  #tool(part) {
    const { type, toolCallId, toolName } = part;
    let tool = this.parts.find((one) => one.toolCallId === toolCallId);
    if (!tool) {
      if (!toolName) throw new Error(`tool ${toolCallId} was not called`);
      tool = { type: part.dynamic ? "dynamic-tool" : `tool-${toolName}`, toolName, toolCallId };
      this.parts.push(tool);
    }
    tool.state = TOOL_STATES[type];
    for (const name of ["input", "output", "errorText"]) if (name in part) tool[name] = part[name];
  }
}

export const textOf = ({ parts }) =>
  parts
    .filter((part) => part.type === "text")
    .map((part) => part.text)
    .join("\n\n");
