// One conversation of the playground with one version: begun, gone on with, branched. Spoken and drawn as a chat is.
import { Follow } from "calls/follow.js";
import { setIcon } from "calls/transcript.js";
import { word } from "calls/when.js";
import { ask } from "agents/send.js";
import { ERRORS, refusal, remarks, wordsOf } from "agents/playground-words.js";
import { Kept } from "chat/kept.js";
import { Message } from "chat/message.js";
import { Reading } from "chat/reading.js";
import { Talk } from "chat/talk.js";
import { Broken, Refused, Transport } from "chat/transport.js";

const AGAIN_MS = [300, 1_500, 4_000]; // after a connection broke
const MOST = 200; // rounds and turns that are asked for at once
const pause = (ms) => new Promise((over) => setTimeout(over, ms));

// Dispatches "told" when there is another conversation or it is answering, or not any more.
export class PlayTalk extends EventTarget {
  #root;
  #page;
  #branches;
  #isVoice;
  #transport;
  #follow;
  #talk;
  #reading;
  #running = null; // { message, abort }
  #visit = 0; // counts what is shown one after the other: what comes late for another is passed over
  play = null; // as the API told of it
  version = "draft";

  constructor(root, { page, branches, isVoice }) {
    super();
    this.#root = root;
    this.#page = page;
    this.#branches = branches;
    this.#isVoice = isVoice;
    this.#transport = new Transport("/api/chat", page.csrf);
    this.#follow = new Follow(root.querySelector("[data-follow]"), root.querySelector("[data-newer]"));
    this.#clear();
  }

  get isAnswering() {
    return Boolean(this.#running);
  }

  // What the caller said here, without what was taken over.
  get lines() {
    return this.play ? this.#said.slice(this.#branches.of(this.play.id).taken).map((node) => part(node, "text").textContent) : [];
  }

  part(name) {
    return part(this.#root, name);
  }

  // The conversation `id`; none: an empty place. Answers what went wrong, or "".
  async show(version, id) {
    this.#clear();
    this.version = version;
    if (!id) return "";
    const { ok, told } = await ask("GET", `/api/v1/playground/${id}`, this.#page.csrf);
    if (!ok) return refusal(told.error);
    // By a link, or in another tab: which of its lines were taken over is not kept here.
    if (told.from && !this.#branches.knows(id)) {
      const turns = (await this.#callersTurns(id)) ?? [];
      this.#branches.add(id, { start: told.from, taken: turns.filter((n) => n <= told.from.turn).length });
    }
    return this.#open(told);
  }

  // A new one. start: { call, turn } or null; tools: "recorded", "live" or nothing.
  async begin({ start = null, tools, of = null, nth = 0 }) {
    const visit = this.#visit;
    const { ok, told } = await ask("POST", `${this.#page.api}/playground`, this.#page.csrf, { version: this.version, from: start, tools: tools ?? null });
    if (!ok) return told.error.details?.[0].problem ?? refusal(told.error);
    if (visit !== this.#visit) return "";
    const before = of ? this.#branches.of(of) : { start, taken: told.messages.filter(({ role }) => role === "user").length };
    this.#branches.add(told.id, { of, nth, start: before.start, taken: Math.min(before.taken, of ? nth : before.taken) });
    this.#clear();
    return this.#open(told);
  }

  // The same lines of the caller anew, one after the other.
  async again(lines, start, tools) {
    const wrong = await this.begin({ start, tools });
    if (wrong) return wrong;
    const visit = this.#visit;
    for (const line of lines) {
      const refused = await this.say(line);
      if (refused || visit !== this.#visit || this.#root.querySelector(".answer:last-child")?.dataset.state !== "done") return refused;
    }
    return "";
  }

  // Other words at the caller's line number `nth`: a conversation of its own, with all that was before.
  async branch(nth, text) {
    const { play } = this;
    const turn = await this.#turnOf(nth);
    if (turn === null) return "The server gave no answer. Nothing is lost; try again.";
    const wrong = await this.begin({ start: { call: play.id, turn: turn - 1 }, tools: play.tools, of: play.id, nth });
    return wrong || this.say(text);
  }

  // Settled when the answer is there. Answers why it was refused, or "".
  async say(text) {
    const question = { id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }], metadata: {} };
    this.#talk.put(question);
    const running = this.#run();
    const { signal } = running.abort;
    // Sent again it is the same question: its answer is joined or told again, and paid once.
    const send = () => this.#transport.send({ id: this.play.chat, messages: [question], trigger: "submit-message" }, signal);
    try {
      await this.#hear(running, send).catch((error) => this.#comeBack(running, error, send));
    } catch (error) {
      if (signal.aborted) return "";
      this.#talk.drop(question);
      this.#talk.drop(running.message);
      this.#over(running);
      if (error instanceof Refused) return refusal(error);
      if (!(error instanceof Broken)) throw error;
      return "The server can’t be reached. Send it again once it can.";
    }
    return "";
  }

  async stop() {
    if (!this.#running) return;
    try {
      await this.#transport.stop(this.play.chat);
    } catch {
      this.fail("The answer could not be stopped. It goes on; try again.");
    }
  }

  fail(text) {
    const error = this.part("error");
    error.hidden = !text;
    error.querySelector("span").textContent = text;
  }

  // Which of the caller's lines an element is in; -1: in none.
  lineAt(element) {
    return this.#said.indexOf(element.closest('[data-role="caller"]'));
  }

  textAt(nth) {
    return part(this.#said[nth], "text").textContent;
  }

  nodeAt(nth) {
    return this.#said[nth];
  }

  get #said() {
    return [...this.#root.querySelectorAll('[data-message][data-role="caller"]:not([hidden])')];
  }

  #clear() {
    this.#visit += 1;
    this.#running?.abort.abort();
    this.#running = null;
    this.#reading?.close();
    this.part("messages").replaceChildren();
    for (const name of ["verdict", "note", "acts", "error"]) this.part(name).hidden = true;
    this.part("empty").hidden = false;
    this.play = null;
    this.#talk = new Talk(this.#root, { messages: [], errors: ERRORS }, new Kept("/api/v1/chats/-/messages", null));
    this.#talk.agent = this.#page.agent.name;
    this.#reading = new Reading(this.#root, this.#talk, this.#follow);
    this.#told();
  }

  async #open(play) {
    const visit = this.#visit;
    this.play = play;
    this.part("call").href = play.call_url;
    this.#told();
    try {
      await this.#talk.refresh(play.chat, MOST);
      if (visit !== this.#visit) return "";
      this.#decorate();
      this.#follow.toEnd();
      this.#resume(visit);
    } catch {
      return "What was said could not be fetched. Reload to see it.";
    }
    return "";
  }

  // An answer may have begun before this page was there.
  async #resume(visit) {
    if (this.#running || !this.#said.length || this.#root.querySelector('[data-message]:last-child[data-role="agent"]')) return this.#judge();
    const abort = new AbortController();
    const parts = await this.#transport.resume(this.play.chat, abort.signal).catch(() => null);
    if (!parts || visit !== this.#visit || this.#running) return abort.abort();
    const running = this.#run(abort);
    const resume = () => this.#transport.resume(this.play.chat, abort.signal);
    await this.#read(running, parts)
      .catch((error) => this.#comeBack(running, error, resume))
      .catch((error) => this.#lose(running, error));
  }

  // What came of the answer is not known, but may be in the record.
  #lose(running, error) {
    if (running.abort.signal.aborted) return;
    running.message.fail({ type: error instanceof Broken ? "lost" : "internal", retryable: true });
    this.#reading.now(running.message);
    this.#over(running);
    if (!(error instanceof Broken)) reportError(error);
  }

  #run(abort = new AbortController()) {
    const running = { message: new Message(crypto.randomUUID()), abort };
    this.#running = running;
    this.#talk.put(running.message);
    this.fail("");
    this.part("verdict").hidden = true;
    this.#decorate();
    this.#follow.toEnd();
    this.#told();
    return running;
  }

  async #hear(running, fetch) {
    await this.#read(running, await fetch());
  }

  async #read(running, parts) {
    for await (const one of parts) {
      running.message.apply(one);
      if (one.type === "start") this.#talk.only(running.message);
      this.#reading.changed(running.message);
    }
    if (!running.message.isSettled) throw new Broken("no finish");
    this.#reading.now(running.message);
    this.#over(running);
    await this.#settle();
  }

  // The server's own words take the place of what was drawn; the rules are asked.
  async #settle() {
    const visit = this.#visit;
    await this.#talk.refresh(this.play.chat, 1).catch(() => {}); // what was drawn is right without it
    if (visit !== this.#visit) return;
    this.#decorate();
    this.#follow.grew();
    await this.#judge();
  }

  // The answer goes on without us, and is told again from its beginning. Raises what is wrong in the end.
  async #comeBack(running, broken, fetch) {
    let error = broken;
    for (const ms of AGAIN_MS) {
      if (!(error instanceof Broken) || running.abort.signal.aborted) throw error;
      await pause(ms);
      try {
        const parts = await fetch();
        const again = new Message(running.message.id);
        this.#talk.replace(running.message, again);
        running.message = again;
        if (parts) return await this.#read(running, parts);
        this.#talk.drop(running.message); // it is over, and in the record
        this.#over(running);
        return await this.#settle();
      } catch (failure) {
        error = failure;
      }
    }
    throw error;
  }

  #over(running) {
    if (this.#running !== running) return;
    this.#running = null;
    this.#decorate();
    this.#told();
  }

  async #judge() {
    const visit = this.#visit;
    const answer = [...this.#root.querySelectorAll(".answer")].at(-1);
    if (!answer || !this.lines.length) return;
    const { ok, told } = await ask("GET", `/api/v1/playground/${this.play.id}/verdict`, this.#page.csrf);
    if (!ok || visit !== this.#visit || this.#running) return;
    const first = part(answer, "first");
    const rows = remarks(told.firings, { firstMs: first.hidden ? 0 : Number.parseFloat(first.textContent) * 1000, text: part(answer, "parts").innerText }, this.#isVoice);
    this.part("verdict").replaceChildren(...rows.map((row) => this.#remark(row)));
    this.part("verdict").hidden = false;
    this.#follow.grew();
  }

  #remark({ icon, tone, text }) {
    const node = this.#root.querySelector('[data-blank="remark"]').content.firstElementChild.cloneNode(true);
    node.dataset.tone = tone;
    setIcon(node.querySelector("use"), icon);
    node.querySelector("span").textContent = text;
    return node;
  }

  // What stands beside the words: how many they are, and what else was said at this line.
  #decorate() {
    for (const node of this.#root.querySelectorAll(".answer")) {
      const box = [...node.querySelectorAll('[data-kind="text"]')];
      const text = box.map(({ innerText }) => innerText).join("\n");
      const count = wordsOf(text);
      part(node, "words").textContent = count ? `${count} word${count === 1 ? "" : "s"}` : "";
      node.querySelector("[data-copy]").dataset.copy = text;
      word(node.querySelector("time"));
    }
    this.#said.forEach((node, nth) => {
      const { all, here } = this.play ? this.#branches.at(this.play.id, nth) : { all: [], here: 0 };
      part(node, "branches").hidden = all.length < 2;
      part(node, "which").textContent = `${here + 1}/${all.length}`;
      for (const button of node.querySelectorAll("[data-branch]")) {
        const to = all[here + Number(button.dataset.branch)];
        button.ariaDisabled = to ? null : "true";
        button.dataset.to = to ?? "";
      }
    });
    this.part("acts").hidden = !this.#said.length;
  }

  // The number of the turn that the caller's line number `nth` is; null: the server is away.
  async #turnOf(nth) {
    return (await this.#callersTurns(this.play.id, nth + 1))?.[nth] ?? null;
  }

  // The numbers of the caller's turns, at least the first `most` of them; null: the server is away.
  async #callersTurns(id, most = Infinity) {
    const turns = [];
    let cursor = "";
    while (turns.length < most) {
      const { ok, told } = await ask("GET", `/api/v1/calls/${id}/transcript?limit=${MOST}${cursor}`, this.#page.csrf);
      if (!ok) return null;
      turns.push(...told.items.filter(({ role }) => role === "caller").map(({ n }) => n));
      if (!told.next) break;
      cursor = `&cursor=${encodeURIComponent(told.next)}`;
    }
    return turns;
  }

  #told() {
    this.dispatchEvent(new Event("told"));
  }
}

const part = (node, name) => node.querySelector(`[data-part="${name}"]`);
