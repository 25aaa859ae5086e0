// The shared worker: holds the connections of all tabs of one person. See docs/streaming.md, In the browser.
//
// Who comes gets a line of its own, from where its page was drawn. Lines then *meet*: they go on as one, from where each
// of them stood, which is exact as long as topics that both follow stand at the same place in both. So a browser soon
// has one connection, whoever is refused is refused alone, and nobody is told anything twice.
//
// Streams of one path can share a connection. A topic is a `call`; "" is what is there unless the address says
// `board=0`. On a connection with several, each part names its `call`, or says `board`.

import { Line } from "./line.js";
import { commonPosition, isEnd, isRepeat, isSamePlace, ownPosition, resumeAt } from "./positions.js";

const MEET_AFTER = 150; // those who come together meet together
const TRIM_AFTER = 5_000; // what nobody follows any more is left out then
const ROUND = 3_000;
const MOST_UNANSWERED = 4; // a tab that is frozen or gone answers nothing, and what we say to it would pile up
const MOST_CALLS = 20; // on one connection
const MOST_REFUSALS = 2; // of a connection with others: then alone

const lines = new Set();

function topicsOf(address) {
  const { searchParams } = new URL(address);
  const calls = [...new Set(searchParams.getAll("call"))];
  return searchParams.get("board") === "0" ? calls : ["", ...calls];
}

const untold = new Set(); // members
const turn = new MessageChannel(); // a task of its own, after the one that brought these parts; no timer is as soon
let isTurnAsked = false;

turn.port1.onmessage = () => {
  isTurnAsked = false;
  for (const member of untold) member.pass();
};

function passSoon() {
  if (isTurnAsked) return;
  isTurnAsked = true;
  turn.port2.postMessage(null);
}

// One stream of one tab.
class Member {
  line = null;
  unanswered = 0;
  refusals = 0;
  #told = [];

  constructor(port, { url, as, after }) {
    const address = new URL(url);
    address.searchParams.delete("after");
    this.port = port;
    this.url = address.href;
    this.path = new URL(as).pathname;
    this.topics = topicsOf(as);
    this.places = new Map(this.topics.map((topic) => [topic, after]));
  }

  say(message) {
    this.pass();
    this.port.postMessage(message);
  }

  // Parts that came together are passed on together: a busy board has a thousand a second, and what a message
  // costs a page is nearly all of what a part does.
  tell(told) {
    if (!this.#told.length) untold.add(this);
    this.#told.push(told);
    passSoon();
  }

  pass() {
    if (!this.#told.length) return;
    this.port.postMessage({ told: this.#told });
    this.#told = [];
    untold.delete(this);
  }

  leave() {
    const { line } = this;
    this.line = null;
    line?.without(this);
  }
}

// One connection and those who ride on it.
class Shared {
  members = new Set();
  path;
  #topics = []; // as they were asked for, in that order
  #places; // topic → position
  #over = new Set(); // topics
  #line;
  #state = null;
  #isSettled = false;
  #timers = {};

  constructor(member) {
    this.path = member.path;
    this.#places = new Map(member.places);
    this.add(member);
    lines.add(this);
    this.#line = new Line(() => this.#address(), {
      part: (part, told) => this.#take(part, told),
      state: (state) => this.#tell(state),
      opened: () => this.#opened(),
      over: (how, status) => this.#finish(how, status),
    });
  }

  add(member) {
    member.line = this;
    this.members.add(member);
    if (this.#state) this.#tellOne(member, { ...this.#state, changed: true });
  }

  without(member) {
    this.members.delete(member);
    clearTimeout(this.#timers.trim);
    if (!this.members.size) this.close();
    else this.#timers.trim = setTimeout(() => this.#trim(), TRIM_AFTER);
  }

  close() {
    lines.delete(this);
    this.#line.close();
    Object.values(this.#timers).forEach(clearTimeout);
  }

  get line() {
    return this.#line;
  }

  get needed() {
    return new Set([...this.members].flatMap((member) => member.topics).filter((topic) => !this.#over.has(topic)));
  }

  // --- Meeting ---

  get isReady() {
    return this.#isSettled && this.#line.isOpen && [...this.members].every((member) => member.refusals <= MOST_REFUSALS);
  }

  // Whether it stands where the other does in all these topics.
  isAt(topics, places) {
    return topics.every((topic) => this.#topics.includes(topic) && isSamePlace(this.#places.get(topic), places.get(topic)));
  }

  meets(other) {
    if (this.path !== other.path) return false;
    const [ours, theirs] = [this.needed, other.needed];
    // Who has been told nothing yet would be told to forget it.
    if (![...ours].every((topic) => this.#places.get(topic)) || ![...theirs].every((topic) => other.#places.get(topic))) return false;
    const calls = new Set([...ours, ...theirs]);
    calls.delete("");
    return calls.size <= MOST_CALLS && this.isAt([...theirs].filter((topic) => ours.has(topic)), other.#places);
  }

  /** Go on together; answers whether that takes another connection. */
  take(other) {
    const needed = [...other.needed];
    const isCarried = this.isAt(needed, other.#places);
    if (!isCarried) {
      for (const topic of needed) {
        this.#places.set(topic, other.#places.get(topic));
        this.#over.delete(topic); // it was, for those who are gone; these have not been told yet
      }
    }
    const members = [...other.members];
    other.close();
    for (const member of members) this.add(member);
    return !isCarried;
  }

  reopen() {
    this.#isSettled = false;
    this.#line.reopen();
  }

  #opened() {
    clearTimeout(this.#timers.settle);
    this.#timers.settle = setTimeout(() => {
      this.#isSettled = true;
      meet();
    }, MEET_AFTER);
  }

  #trim() {
    const { needed } = this;
    if (this.#topics.some((topic) => !needed.has(topic))) this.reopen();
  }

  // --- The connection ---

  #address() {
    const members = [...this.members];
    const [{ url, topics }] = members;
    const { needed } = this;
    let address = new URL(url);
    if (members.every((member) => member.url === url)) {
      this.#topics = topics;
    } else {
      this.#topics = [...needed].sort();
      address = new URL(this.path, url);
      for (const call of this.#topics) if (call) address.searchParams.append("call", call);
      if (!needed.has("")) address.searchParams.set("board", "0");
      const workspace = new URL(url).searchParams.get("workspace"); // where all these pages were drawn
      if (workspace) address.searchParams.set("workspace", workspace);
    }
    return resumeAt(address.href, this.#topics.map((topic) => this.#places.get(topic)));
  }

  #take(part, { id, bulk, data }) {
    const topic = this.#topicOf(part);
    const index = this.#topics.indexOf(topic);
    const place = id && ownPosition(id, index);
    if (part.type !== "data-reset" && isRepeat(this.#places.get(topic), place)) return false;
    if (place) this.#places.set(topic, place);
    for (const member of this.members) {
      if (!member.topics.includes(topic)) continue;
      const position = commonPosition(member.topics.map((one) => this.#places.get(one))) ?? id;
      member.tell({ data, id: position, bulk });
    }
    if (isEnd(place) && this.#topics.length > 1) this.#endOf(topic);
    if (lines.size > 1) queueMicrotask(() => meetAt(this, topic)); // once this part has been dealt with, before the next
    return true;
  }

  #topicOf(part) {
    if (this.#topics.length === 1) return this.#topics[0];
    const { board, call } = part.type === "data-reset" ? part.data : part;
    return board ? "" : call;
  }

  #tell(state) {
    this.#state = state;
    const [first] = this.members;
    for (const member of this.members) this.#tellOne(member, state, member === first);
  }

  // One of them reports what goes wrong: it is one connection. Each has a clock of its own, so ages are told.
  #tellOne(member, { since, ...state }, isOurs = false) {
    member.say({ state: { ...state, ago: performance.now() - since, isOurs } });
  }

  // --- Ends ---

  // One topic of several is over, and the connection goes on for the others.
  #endOf(topic) {
    this.#over.add(topic);
    for (const member of [...this.members]) {
      if (!member.topics.every((one) => this.#over.has(one))) continue;
      member.say({ over: { how: "end" } });
      member.leave();
    }
  }

  #finish(how, status) {
    const members = [...this.members];
    this.close();
    if (how === "refused" && members.length > 1) return this.#part(members);
    for (const member of members) {
      member.line = null;
      member.say({ over: { how, status } });
    }
  }

  // Somebody here is refused, and the answer does not say who: each asks alone, and the others meet again.
  #part(members) {
    for (const member of members) {
      member.refusals += 1;
      member.places = new Map(member.topics.map((topic) => [topic, this.#places.get(topic)]));
      new Shared(member);
    }
  }
}

// --- Lines that meet ---

function meet() {
  const ready = [...lines].filter((line) => line.isReady).sort((a, b) => b.members.size - a.members.size);
  for (const [index, line] of ready.entries()) {
    let isAnother = false;
    for (const other of ready.slice(index + 1)) {
      if (lines.has(line) && lines.has(other) && line.meets(other)) isAnother = line.take(other) || isAnother;
    }
    if (isAnother) line.reopen();
  }
}

// Two follow this topic, and may just have come to the same place in it.
function meetAt(line, topic) {
  if (line.isReady && [...lines].some((other) => other !== line && other.isReady && other.needed.has(topic) && line.meets(other))) meet();
}

// --- Tabs ---

// Nobody looks into a worker: a tab tells of what goes wrong here.
addEventListener("error", ({ message }) => tellOfError(message));
addEventListener("unhandledrejection", ({ reason }) => tellOfError(String(reason)));

function tellOfError(message) {
  const [first] = tabs;
  first?.say({ broken: message });
}

const tabs = new Set(); // of members

function join(port, asked) {
  const member = new Member(port, asked);
  tabs.add(member);
  member.say({}); // we are here
  const same = [...lines].find((line) => line.isReady && line.path === member.path && line.isAt(member.topics, member.places));
  if (same) same.add(member);
  else new Shared(member);
  return member;
}

function leave(member) {
  tabs.delete(member);
  member.leave();
}

globalThis.onconnect = ({ ports: [port] }) => {
  let member = null;
  port.onmessage = ({ data }) => {
    if (data.do === "join") member = join(port, data);
    else if (data.do === "leave") leave(member);
    else if (data.do === "answer") member.unanswered = 0;
    else if (data.do === "away") member.line?.line.away();
    else if (data.do === "retry") member.line?.line.retry();
    else if (data.do === "wake") {
      member.say({});
      member.line?.line.wake();
    }
  };
};

setInterval(() => {
  for (const member of tabs) {
    member.unanswered += 1;
    if (member.unanswered > MOST_UNANSWERED) {
      member.say({ left: true });
      leave(member);
    } else {
      member.say({});
    }
  }
}, ROUND);
