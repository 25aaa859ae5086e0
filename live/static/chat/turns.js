// Draws messages into a list, by patching the nodes that templates/chat/_message.html drew. What people, models and tools
// wrote reaches the page as text, or as elements that markdown.js made of it; HTML is the server's alone.

import { settle } from "calls/draw.js";
import { plain, seconds, setIcon, setText, show } from "calls/transcript.js";
import { word } from "calls/when.js";
import { Written } from "calls/written.js";

// A tool's state: [icon, word, tone].
const TOOL_STATES = {
  "output-available": ["check", "OK", "tool"],
  "output-error": ["alert", "Failed", "danger"],
};
const RUNNING = ["clock", "Running", "tool"];

export class Turns {
  #list;
  #blanks;
  #words;
  agent = ""; // its name
  #nodes = new Map(); // message → its node
  #written = new Written();

  // words: { type of an error: { why, next } }.
  constructor(list, blanks, words) {
    this.#list = list;
    this.#blanks = blanks;
    this.#words = words;
  }

  // A message that the server drew.
  adopt(message) {
    const node = [...this.#list.children].find((one) => one.dataset.message === message.id);
    if (node) this.#nodes.set(message, node);
    return Boolean(node);
  }

  nodeOf(message) {
    return this.#nodes.get(message);
  }

  // The same node stands for another message.
  rename(message, other) {
    this.#nodes.set(other, this.#nodes.get(message));
    this.#nodes.delete(message);
  }

  remove(message) {
    this.#nodes.get(message)?.remove();
    this.#nodes.delete(message);
  }

  // before: the message it stands in front of, or null at the end.
  add(message, before = null) {
    const node = this.#blank(message.role);
    if (message.role !== "user" && this.agent) setText(node.querySelector(".turn-name"), this.agent);
    const time = node.querySelector("time");
    time.dateTime = message.metadata?.createdAt ?? new Date().toISOString();
    word(time);
    this.#nodes.set(message, node);
    this.#list.insertBefore(node, before && this.#nodes.get(before));
    return node;
  }

  draw(message) {
    const node = this.#nodes.get(message) ?? this.add(message);
    node.dataset.message = message.id;
    if (message.role === "user") return setText(part(node, "text"), message.parts.map(({ text = "" }) => text).join("\n\n"));
    node.dataset.state = message.state;
    this.#drawParts(part(node, "parts"), message);
    this.#drawHead(node, message);
    this.#drawError(node, message);
  }

  // The server's own HTML of each of its texts takes the place of ours.
  settle(message, htmls) {
    const texts = part(this.#nodes.get(message), "parts").querySelectorAll('[data-kind="text"]');
    if (texts.length !== htmls.length) return;
    texts.forEach((text, n) => settle(text, htmls[n]));
  }

  #drawParts(box, { parts, isSettled }) {
    const shown = parts.filter((one) => one.toolCallId || one.text);
    shown.forEach((one, n) => {
      const kind = one.toolCallId ? "tool" : "text";
      let node = box.children[n];
      if (node?.dataset.kind !== kind) {
        const fresh = kind === "tool" ? this.#blank("tool") : textBox();
        if (node) node.replaceWith(fresh);
        else box.append(fresh);
        node = fresh;
      }
      if (kind === "tool") this.#drawTool(node, one);
      else this.#written.show(node, one.text, isSettled || one.state === "done");
    });
    while (box.children.length > shown.length) box.lastElementChild.remove();
  }

  #drawTool(node, tool) {
    const [icon, label, tone] = TOOL_STATES[tool.state] ?? RUNNING;
    const output = plain(tool.errorText ?? tool.output);
    node.dataset.tone = tone;
    node.dataset.state = { check: "ok", alert: "failed", clock: "running" }[icon];
    setText(part(node, "name"), tool.toolName);
    setText(part(node, "result"), icon === "clock" ? "running" : output.split("\n", 1)[0]);
    setIcon(part(node, "status").querySelector("use"), icon);
    setText(part(node, "status").querySelector("span"), label);
    show(part(node, "input"), plain(tool.input));
    show(part(node, "output"), output);
  }

  #drawHead(node, { metadata, state, parts }) {
    const first = part(node, "first");
    first.hidden = !Number.isFinite(metadata.firstTokenMs);
    if (!first.hidden) setText(first, seconds(metadata.firstTokenMs));
    const isTalking = parts.some(({ text }) => text);
    show(part(node, "state"), state === "streaming" ? (isTalking ? "answering" : "thinking") : "");
    part(node, "stopped").hidden = state !== "stopped";
    const facts = factsOf(metadata);
    const pill = metadata.fallback ? [this.#pill(`Fallback ${metadata.fallback}`)] : [];
    part(node, "facts").replaceChildren(...pill, ...facts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  }

  #pill(text) {
    const pill = this.#blank("pill");
    pill.querySelector("span").textContent = text;
    return pill;
  }

  #drawError(node, { error }) {
    const box = part(node, "error");
    box.hidden = !error;
    if (!error) return;
    const { why, next } = this.#words[error.type] ?? this.#words.internal;
    setText(part(box, "why"), why);
    setText(part(box, "next"), next);
    box.title = error.trace_id ? `Trace ${error.trace_id}` : "";
  }

  #blank(name) {
    return this.#blanks[name].content.firstElementChild.cloneNode(true);
  }
}

const part = (node, name) => node.querySelector(`[data-part="${name}"]`);

function textBox() {
  const box = document.createElement("div");
  box.className = "md";
  box.dataset.kind = "text";
  return box;
}

// What an answer took: its model, tokens and cost. As live/chat_page.py has it.
function factsOf({ model, provider, usage, costUsd, cached }) {
  // Until it is stored, what it took is not known.
  if (!provider) return model ? [model] : [];
  const cost = cached ? "cached, free" : dollars(Number(costUsd));
  return [model, `${count(usage?.inputTokens)} in, ${count(usage?.outputTokens)} out`, cost];
}

const count = (tokens) => (tokens ?? 0).toLocaleString("en-GB");
const dollars = (amount) => `$${amount.toFixed(amount > 0 && amount < 0.01 ? 4 : 2)}`;
