// <agent-playground>: the agent talked to as a caller would, by its draft, a version, or both with one input. What is said
// is the server's; the address names it (?play=, ?beside=), so that a reload keeps it, and may name where to begin
// (?from=<call>&turn=12).
import "calls/copy.js";
import { word } from "calls/when.js";
import { Branches } from "agents/playground-branches.js";
import { PlaySetup } from "agents/playground-setup.js";
import { PlayTalk } from "agents/playground-talk.js";
import { Composer } from "chat/composer.js";
import { keysOn } from "js/keys.js";

const isTyping = ({ target }) => target.closest("input, textarea, select, dialog");

class AgentPlayground extends HTMLElement {
  #editor;
  #page;
  #branches;
  #talks; // both, of which the second is shown for two versions
  #setup;
  #composer;
  #mode = "draft"; // or "version", "both"
  #held = new Map(); // version → the conversation it is in
  #from = { start: null, at: "", tools: undefined };
  #edited = null; // number of the caller's line that is said otherwise

  connectedCallback() {
    this.#editor = this.closest("agent-editor");
    this.#page = this.#editor.page;
    this.#branches = new Branches(this.#page.agent.id);
    const told = { page: this.#page, branches: this.#branches, isVoice: Boolean(this.dataset.voice) };
    this.#talks = [...this.querySelectorAll("[data-talk]")].map((root) => new PlayTalk(root, told));
    this.#setup = new PlaySetup(document.getElementById("play-setup"), this.#page);
    this.#composer = new Composer(this.querySelector('[data-part="composer"]'), { ask: (text) => this.#say(text), stop: () => this.#stop() });
    for (const talk of this.#talks) talk.addEventListener("told", () => this.#draw());
    this.#listen();
    this.#arrive();
  }

  get #shown() {
    return this.#mode === "both" ? this.#talks : this.#talks.slice(0, 1);
  }

  get #versions() {
    const { version } = this.#setup;
    return { draft: ["draft"], version: [version], both: [version, "draft"] }[this.#mode];
  }

  // --- Where it stands ------------------------------------------------------

  async #arrive() {
    const asked = new URL(location).searchParams;
    const [call, turn] = [asked.get("from"), asked.get("turn")];
    if (call || asked.get("play")) this.#toFront();
    if (call) {
      this.#from = { start: { call, ...(turn && { turn: Number(turn) }) }, tools: "recorded" };
      this.#forgetStart(); // reloaded meanwhile, it would begin another one
      await this.#show();
      return this.#over();
    }
    const [play, beside] = [asked.get("play"), asked.get("beside")];
    if (!play) return this.#show();
    const wrong = await this.#talks[0].show("draft", play);
    if (wrong) return this.#talks[0].fail(wrong);
    const first = this.#talks[0].play;
    this.#hold(this.#talks[0], first.version ?? "draft");
    if (first.version) this.#setup.version = first.version;
    this.#mode = beside ? "both" : first.version ? "version" : "draft";
    const root = this.#branches.of(first.id).start;
    this.#from = { start: root ?? (first.from && { call: first.from.call, turn: first.from.turn }), at: first.from?.at ?? "", tools: first.tools };
    if (beside && !(await this.#talks[1].show("draft", beside))) this.#hold(this.#talks[1], "draft");
    this.#draw();
  }

  #hold(talk, version) {
    talk.version = version;
    this.#held.set(version, talk.play.id);
  }

  async #show() {
    this.#composer.hush();
    this.#edited = null;
    await Promise.all(this.#versions.map(async (version, n) => this.#talks[n].fail(await this.#talks[n].show(version, this.#held.get(version)))));
    this.#draw();
  }

  #draw() {
    if (!this.#composer) return;
    this.dataset.mode = this.#mode;
    const label = { version: `v${this.#setup.version}` };
    for (const button of this.querySelectorAll("[data-mode]")) {
      button.ariaPressed = String(button.dataset.mode === this.#mode);
      if (label[button.dataset.mode]) button.textContent = label[button.dataset.mode];
    }
    this.querySelector('[data-talk="b"]').hidden = this.#mode !== "both";
    for (const talk of this.#shown) this.#drawTalk(talk);
    this.#composer.busy = this.#shown.some(({ isAnswering }) => isAnswering);
    this.#address();
  }

  #drawTalk(talk) {
    if (talk.play) this.#held.set(talk.version, talk.play.id);
    const isDraft = talk.version === "draft";
    talk.part("head").hidden = this.#mode !== "both";
    talk.part("label").textContent = isDraft ? `v${this.#page.next_number}, draft` : `v${talk.version}`;
    talk.part("head").querySelector("button").hidden = !talk.isAnswering;
    this.#drawStart(talk);
    const isOld = isDraft && talk.play && talk.play.revision < this.#editor.draft.revision && !talk.isAnswering && talk.lines.length;
    const others = this.#talks.find((one) => one !== talk && one.lines.length);
    const isBehind = this.#mode === "both" && !talk.isAnswering && others && talk.lines.length < others.lines.length;
    talk.part("note").hidden = !isOld && !isBehind;
    talk.part("note").querySelector("span").textContent = isOld ? "The draft has changed since." : talk.lines.length ? "Not all of it was said to this one." : "Nothing was said to this one yet.";
    if (!talk.part("empty").hidden) this.#drawEmpty(talk, isDraft);
  }

  #drawStart(talk) {
    const { start, at } = this.#from;
    const recorded = (talk.play?.tools ?? this.#from.tools) === "recorded";
    const turn = start?.turn ?? talk.play?.from?.turn;
    const source = talk.part("source");
    const isNone = turn === 0; // said otherwise at the first line
    talk.part("set-text").textContent = !start ? "From the beginning." : isNone ? "From before the first turn of" : turn ? `Turns 1 to ${turn} from` : "From";
    source.hidden = !start;
    if (start) {
      source.href = `/calls/${start.call}/${turn ? `#turn-${turn}` : ""}`;
      const time = Object.assign(document.createElement("time"), { dateTime: at || "" });
      time.dataset.when = "row";
      word(time);
      source.textContent = time.textContent ? `the call at ${time.textContent}` : "the call";
    }
    talk.part("tools").textContent = `${start ? ". " : " "}${recorded ? "Tools answer from the recording." : "What its tools do is real."}`;
  }

  #drawEmpty(talk, isDraft) {
    const box = talk.part("empty");
    if (!box.firstElementChild) box.append(this.querySelector('template[data-blank="empty"]').content.firstElementChild.cloneNode(true));
    const of = (name) => box.querySelector(`[data-part="${name}"]`);
    of("what").textContent = `Talk to ${isDraft ? "the draft" : `v${talk.version}`} as a caller would. It counts in no figure, and nobody is told of it.`;
    const greeting = isDraft ? this.#editor.draft.content.first_message?.trim() : "";
    of("greeting").hidden = !greeting;
    of("greeting").textContent = greeting ? `${this.#page.agent.name} begins: “${greeting}”` : "";
  }

  #address() {
    const url = new URL(location);
    const [first, second] = this.#shown.map(({ play }) => play?.id);
    for (const [name, id] of [["play", first], ["beside", second]]) {
      if (id) url.searchParams.set(name, id);
      else if (this.#held.size || name === "beside") url.searchParams.delete(name);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  #forgetStart() {
    const url = new URL(location);
    for (const name of ["from", "turn"]) url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
  }

  #toFront() {
    this.#editor.querySelector("#pane-play").checked = true;
  }

  // --- Acts -----------------------------------------------------------------

  // The draft is played as it is saved.
  async #saved() {
    if (!this.#versions.includes("draft")) return "";
    await this.#editor.draft.save();
    return this.#editor.draft.isSaved ? "" : "The draft is not saved yet, so it cannot be tried out. It is kept in this browser meanwhile.";
  }

  async #all(act) {
    const wrong = await this.#saved();
    if (wrong) {
      this.#composer.tell(wrong);
      return false;
    }
    this.#composer.hush();
    const refused = await Promise.all(this.#shown.map(act));
    refused.forEach((text, n) => text && this.#shown[n]?.fail(text));
    this.#draw();
    return refused.some((text) => !text);
  }

  async #say(text) {
    const nth = this.#edited;
    this.#edited = null;
    this.#composer.text = "";
    const went = await this.#all(async (talk) => {
      if (nth !== null && talk.nodeAt(nth)) return talk.branch(nth, text);
      return (talk.play ? "" : await this.#begin(talk)) || talk.say(text);
    });
    if (!went && !this.#composer.text) this.#composer.text = text;
    if (!went) this.#edited = nth;
  }

  async #begin(talk) {
    const wrong = await talk.begin(this.#from);
    const from = talk.play?.from;
    if (from) this.#from = { ...this.#from, start: { call: from.call, turn: from.turn }, at: from.at };
    return wrong;
  }

  // The same beginning, and nothing said yet. What a call began with is shown at once.
  async #over() {
    for (const version of this.#versions) this.#held.delete(version);
    await this.#show();
    if (this.#from.start) await this.#all((talk) => this.#begin(talk));
    this.#composer.focus();
  }

  async #again(talk) {
    const others = this.#mode === "both" ? this.#talks.find((one) => one !== talk).lines : [];
    const lines = talk.lines.length < others.length ? others : talk.lines;
    const wrong = (await this.#saved()) || (await talk.again(lines, this.#from.start, this.#from.tools));
    talk.fail(wrong);
    this.#draw();
  }

  async #stop() {
    await Promise.all(this.#shown.map((talk) => talk.stop()));
  }

  async #open() {
    const chosen = await this.#setup.choose(this.#from);
    if (!chosen) return;
    this.#from = chosen;
    await this.#over();
  }

  async #last() {
    const call = await this.#setup.last();
    if (!call) return this.#composer.tell(`${this.#page.agent.name} has had no calls with words yet.`);
    this.#from = { start: { call: call.id }, at: call.started_at, tools: "recorded" };
    await this.#over();
  }

  #edit(talk, nth) {
    if (nth < 0 || talk.isAnswering) return;
    this.#edited = nth;
    this.#composer.text = talk.textAt(nth);
    this.#composer.focus();
    const keep = () => {
      this.#edited = null;
      this.#composer.text = "";
      this.#composer.hush();
      talk.nodeAt(nth)?.focus();
    };
    this.#composer.tell("You say something else here. What came of the old words is kept beside it.", { action: "Keep it", act: keep });
  }

  // To the conversation with the other words; with two versions, in both where there are as many.
  async #branch(talk, nth, step) {
    const moves = this.#shown.map((one) => ({ one, ...this.#branches.at(one.play?.id, nth) })).filter(({ one, all, here }) => one.play && all[here + step]);
    if (!moves.some(({ one }) => one === talk)) return;
    await Promise.all(moves.map(async ({ one, all, here }) => one.fail(await one.show(one.version, all[here + step]))));
    this.#draw();
    talk.nodeAt(nth)?.focus();
  }

  #listen() {
    this.addEventListener("click", ({ target }) => this.#clicked(target.closest("button")));
    this.addEventListener("keydown", (event) => {
      const talk = this.#talkAt(event.target);
      if (event.key !== "e" || event.metaKey || event.ctrlKey || event.altKey || isTyping(event) || !talk || !keysOn()) return;
      const nth = talk.lineAt(event.target);
      if (nth < 0) return;
      event.preventDefault();
      this.#edit(talk, nth);
    });
    // Before the shell, for which Esc leaves the field.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open], :popover-open") || !this.#shown.some(({ isAnswering }) => isAnswering)) return;
      event.preventDefault();
      this.#stop();
    }, { capture: true });
    this.#editor.addEventListener("draft:saved", () => this.#draw());
  }

  #talkAt(element) {
    return this.#talks[{ a: 0, b: 1 }[element.closest("[data-talk]")?.dataset.talk]];
  }

  #clicked(button) {
    if (!button) return;
    const talk = this.#talkAt(button);
    const { act, mode, branch } = button.dataset;
    if (mode && mode !== this.#mode) {
      this.#mode = mode;
      this.#show();
    } else if (branch) this.#branch(talk, talk.lineAt(button), Number(branch));
    else if (act === "edit") this.#edit(talk, talk.lineAt(button));
    else if (act === "over") this.#over();
    else if (act === "setup") this.#open();
    else if (act === "last") this.#last();
    else if (act === "stop-one") talk.stop();
    else if (act === "again" && talk) this.#again(talk);
    else if (act === "make-test") document.dispatchEvent(new CustomEvent("playground:make-test", { detail: { call: talk.play.id } }));
  }
}

customElements.define("agent-playground", AgentPlayground);
