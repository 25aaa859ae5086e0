// Draws turns into a list, live or in replay, by patching the nodes that templates/calls/_turn.html drew. What people
// said reaches the page as text only; what an agent wrote in a chat as elements that markdown.js made of it.

import { SLOW_REPLY_MS } from "calls/geometry.js";
import { isSettled, split } from "calls/record.js";
import { word } from "calls/when.js";
import { Written, wordsIn } from "calls/written.js";

const FELT = 0.25; // calls/mood.py
// A tool's state: [icon, word].
const TOOL_STATES = { running: ["clock", "Running"], ok: ["check", "OK"], failed: ["alert", "Failed"] };

export class Transcript {
  #list;
  #templates;
  #errors;
  #startedAt;
  #nodes = new Map();
  #written = new Written();
  #rules;
  #fired = new Map(); // rows of rules that fired

  // list: the <ol>; templates: {role: <template>}; errors: {type: sentence}; startedAt: ms since 1970; rules:
  // {reasons: {id: sentence}, acted: {action: words}, not_acted: words}.
  constructor(list, { templates, errors, startedAt, rules }) {
    this.#list = list;
    this.#rules = rules;
    this.#templates = templates;
    this.#errors = errors;
    this.#startedAt = startedAt;
    for (const node of list.querySelectorAll("[data-turn]")) this.#nodes.set(node.dataset.turn, node);
    for (const node of list.querySelectorAll("[data-fired]")) this.#fired.set(node.dataset.fired, node);
  }

  nodeOf(key) {
    return this.#nodes.get(key);
  }

  clear() {
    this.#nodes.clear();
    this.#fired.clear();
    this.#list.replaceChildren();
  }

  remove(key) {
    this.#nodes.get(key)?.remove();
    this.#nodes.delete(key);
  }

  // The turn as it is heard: without the marks of what is written.
  heard(turn) {
    const box = this.#nodes.get(turn.key)?.querySelector(".md");
    return box ? { ...turn, text: wordsIn([box]) } : turn;
  }

  draw(turn) {
    const node = this.#nodes.get(turn.key) ?? this.#add(turn);
    // Whoever answers it anew may have begun it at another place.
    if (node.dataset.n !== String(turn.n)) this.#number(node, turn.n);
    node.dataset.state = turn.state;
    // Taken over in the middle, it may have begun at another time than was shown.
    if (isSettled(turn)) this.#date(node, turn.start_ms);
    if (turn.role === "tool") this.#patchTool(node, turn);
    else this.#patchSpeech(node, turn);
  }

  // The rules that fired, each behind the turn it was for, or the last that had begun (calls/page.py). `turns` by key.
  // Returns whether there are any new ones.
  fired(alerts, turns) {
    let isNew = false;
    for (const alert of alerts) {
      const { rule, at_ms, about } = alert;
      const key = `${rule}-${at_ms}-${about}`;
      const begun = [...turns.values()].filter((turn) => turn.start_ms <= at_ms);
      const n = turns.get(about)?.n ?? Math.max(0, ...begun.map((turn) => turn.n));
      const known = this.#fired.get(key);
      if (known?.dataset.n === String(n)) continue;
      const node = known ?? this.#drawFired(alert);
      node.dataset.fired = key;
      node.dataset.n = n;
      this.#place(node, n);
      this.#fired.set(key, node);
      isNew ||= !known;
    }
    return isNew;
  }

  #drawFired(alert) {
    const node = this.#templates.rule.content.firstElementChild.cloneNode(true);
    const { reasons, acted, not_acted } = this.#rules;
    const part = (name) => node.querySelector(`[data-part="${name}"]`);
    node.id = anchorOf(alert);
    node.querySelector(".turn-n").href = `#${node.id}`;
    this.#date(node, alert.at_ms);
    setText(part("name"), alert.name);
    setText(part("reason"), reasons[alert.rule] ?? "");
    setText(part("outcome"), alert.do === alert.done ? acted[alert.done] : not_acted);
    return node;
  }

  #add(turn) {
    const node = this.#templates[turn.role].content.firstElementChild.cloneNode(true);
    node.dataset.turn = turn.key;
    this.#date(node, turn.start_ms);
    this.#number(node, turn.n);
    this.#nodes.set(turn.key, node);
    return node;
  }

  #number(node, n) {
    node.id = `turn-${n}`;
    node.dataset.n = n;
    node.querySelector(".turn-n").href = `#turn-${n}`;
    const play = node.querySelector(".turn-play");
    if (play) play.setAttribute("href", play.getAttribute("href").replace(/turn=.*$/, `turn=${n}`));
    this.#place(node, n);
  }

  #place(node, n) {
    let after = this.#list.lastElementChild;
    while (after && (after === node || Number(after.dataset.n) > n)) after = after.previousElementSibling;
    if (after) after.after(node);
    else this.#list.prepend(node);
  }

  #date(node, ms) {
    const time = node.querySelector(".turn-n time");
    const at = new Date(this.#startedAt + ms).toISOString();
    if (time.dateTime === at) return;
    time.dateTime = at;
    time.title = "";
    word(time);
  }

  #patchSpeech(node, turn) {
    const part = (name) => node.querySelector(`[data-part="${name}"]`);
    const isWritten = part("text").classList.contains("md");
    if (isWritten) this.#patchWritten(part, turn);
    else this.#patchSaid(part, turn);
    show(part("state"), isSettled(turn) || turn.closed ? "" : turn.state);
    if (turn.role !== "agent") return this.#patchMood(part("mood"), turn);
    this.#patchReply(part, turn);
    this.#patchError(part("error"), turn.state === "failed" || isWritten ? turn.error : null);
  }

  #patchSaid(part, turn) {
    const [heard, unheard] = split(turn);
    const words = part("text");
    type(words, heard ?? "");
    words.classList.toggle("on", turn.state === "speaking" && !turn.closed);
    part("cut").hidden = turn.state !== "interrupted" && !unheard;
    show(part("unheard"), unheard);
  }

  // All of it is there to be read: a stop hides nothing.
  #patchWritten(part, turn) {
    this.#written.show(part("text"), turn.text, isSettled(turn) || Boolean(turn.closed));
    part("stopped").hidden = turn.state !== "interrupted" || Boolean(turn.error);
  }

  #patchMood(mood, turn) {
    const felt = moodWord(turn.mood);
    mood.hidden = !felt;
    setText(mood.querySelector("span"), felt);
    if (!felt) return;
    setIcon(mood.querySelector("use"), felt === "Upset" ? "mood" : "mood-ok");
    if (felt === "Upset") mood.dataset.tone = "warn";
    else delete mood.dataset.tone;
  }

  #patchReply(part, turn) {
    const reply = part("reply");
    const isKnown = isThere(turn.reply_ms);
    const isSlow = isKnown && turn.reply_ms > SLOW_REPLY_MS;
    reply.hidden = !isKnown;
    if (isKnown) {
      setText(reply.querySelector("span"), seconds(turn.reply_ms));
      reply.querySelector(".i").toggleAttribute("hidden", !isSlow);
      if (isSlow) reply.dataset.tone = "warn";
      else delete reply.dataset.tone;
    }
    show(part("model"), turn.fallback ? `fallback ${turn.fallback}, ${turn.model}` : "");
  }

  #patchError(box, error) {
    box.hidden = !error;
    if (error) setText(box.querySelector("span"), this.#errors[error] ?? this.#errors.internal);
  }

  #patchTool(node, turn) {
    const part = (name) => node.querySelector(`[data-part="${name}"]`);
    const isRunning = turn.state === "running";
    const [icon, word] = TOOL_STATES[turn.state];
    // Where only the transcript tells of it, it is not known how long it took.
    const took = isRunning || !(turn.end_ms > turn.start_ms) ? "" : ` ${seconds(turn.end_ms - turn.start_ms)}`;
    const output = plain(turn.output);
    node.dataset.tone = turn.state === "failed" ? "danger" : "tool";
    setText(part("name"), turn.name);
    setText(part("result"), isRunning ? "running" : output.split("\n", 1)[0]);
    setIcon(part("status").querySelector("use"), icon);
    setText(part("status").querySelector("span"), word + took);
    setText(part("input"), plain(turn.input));
    show(part("output"), output);
  }
}

// Append what is new, so that a growing line keeps its one text node, its selection and its place.
function type(element, text) {
  const node = element.firstChild;
  if (node === null) element.textContent = text;
  else if (text.length > node.data.length && text.startsWith(node.data)) node.appendData(text.slice(node.data.length));
  else if (node.data !== text) node.data = text;
}

// In the text node that is there: a node that is replaced has the styles around it worked out anew.
export function setText(element, text) {
  const node = element.firstChild;
  if (node?.nodeType === Node.TEXT_NODE && !node.nextSibling) {
    if (node.data !== text) node.data = text;
  } else if (element.textContent !== text) element.textContent = text;
}

export function show(element, text) {
  element.hidden = !text;
  setText(element, text || "");
}

export function setIcon(use, name) {
  const href = use.getAttribute("href").replace(/#.*/, `#${name}`);
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

// Where a rule that fired stands among the words.
export const anchorOf = ({ rule, at_ms }) => `fired-${rule}-${at_ms}`;
export const seconds = (ms) => `${Math.floor(ms / 1000)}.${Math.floor(ms / 100) % 10} s`;
const moodWord = (mood) => (!isThere(mood) || Math.abs(mood) <= FELT ? "" : mood > 0 ? "Pleased" : "Upset");
const isThere = (value) => value !== null && value !== undefined;
export const plain = (value) => (!isThere(value) ? "" : typeof value === "string" ? value : JSON.stringify(sorted(value), null, 2));

// As the record does, which keeps no order of keys.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
