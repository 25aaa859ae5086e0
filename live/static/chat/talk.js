// The messages of a chat as the page shows them, in order. Knows nothing of how they come.

import { htmlsOf } from "chat/kept.js";
import { Turns } from "chat/turns.js";

export class Talk {
  #root;
  #turns;
  #kept;
  #messages = [];
  #changes = 0; // how often somebody said something, or took it back
  edited = null; // the question that is being rewritten

  constructor(root, { messages, errors }, kept) {
    this.#root = root;
    this.#kept = kept;
    const blanks = Object.fromEntries([...root.querySelectorAll("template[data-blank]")].map((blank) => [blank.dataset.blank, blank]));
    this.#turns = new Turns(this.#part("messages"), blanks, errors);
    this.#messages = messages.filter((message) => this.#turns.adopt(message));
  }

  #part(name) {
    return this.#root.querySelector(`[data-part="${name}"]`);
  }

  get lastTwo() {
    const [question, answer] = this.#messages.slice(-2);
    return answer?.role === "assistant" ? [question, answer] : [answer ?? question, null];
  }

  set agent(name) {
    this.#turns.agent = name;
  }

  get hasOlder() {
    return Boolean(this.#kept.older);
  }

  nodeOf(message) {
    return this.#turns.nodeOf(message);
  }

  messageAt(element) {
    const node = element.closest("[data-message]");
    return this.#messages.find((message) => this.#turns.nodeOf(message) === node) ?? null;
  }

  put(message) {
    this.#changes += 1;
    this.#messages.push(message);
    this.#turns.draw(message);
    this.#part("empty").hidden = true;
  }

  draw(message) {
    if (this.#messages.includes(message)) this.#turns.draw(message);
  }

  drop(message) {
    this.#turns.remove(message);
    this.#messages = this.#messages.filter((one) => one !== message);
    this.#part("empty").hidden = this.#messages.length > 0;
  }

  // An answer may have been kept while it was asked for: it is shown once.
  only(message) {
    for (const one of this.#messages.filter(({ id }) => id === message.id)) if (one !== message) this.drop(one);
  }

  // The same answer, told from its beginning: it keeps its node, and what that shows already.
  replace(message, again) {
    this.#messages[this.#messages.indexOf(message)] = again;
    this.#turns.rename(message, again);
  }

  // From `message` on all is taken back, and `question` is said. Shown at once; what it replaces is there until the server
  // has agreed.
  change(message, question = null) {
    this.#changes += 1;
    const before = [...this.#messages];
    const gone = message ? before.slice(before.indexOf(message)) : [];
    for (const one of gone) this.#turns.nodeOf(one).hidden = true;
    this.#messages = before.filter((one) => !gone.includes(one));
    if (question) this.put(question);
    this.edited = null;
    return {
      isNew: Boolean(question),
      keep: () => gone.forEach((one) => this.#turns.remove(one)),
      undo: () => {
        this.#changes += 1;
        if (question) this.drop(question);
        for (const one of gone) this.#turns.nodeOf(one).hidden = false;
        this.#messages = before;
        this.#part("empty").hidden = before.length > 0;
      },
    };
  }

  // What the server has kept is what counts: what it does not know goes, what is new comes, and answers are shown as it
  // made HTML of them.
  async refresh(chat, limit) {
    const before = this.#changes;
    const items = await this.#kept.latest(chat, limit);
    // Of what was said or taken back meanwhile it cannot know.
    const isNews = before === this.#changes;
    const first = this.#messages.findIndex(({ id }) => id === items[0]?.id);
    if (first < 0 && this.#messages.length && items.length) return;
    const ids = new Set(items.map(({ id }) => id));
    // That nobody answers the last question is for the page to say; the record does not.
    const ours = items.at(-1)?.role === "user" ? this.#messages.at(-1) : null;
    const isGone = (one) => !ids.has(one.id) && one.state !== "streaming" && !(one === ours && one.error);
    if (isNews) for (const one of this.#messages.slice(Math.max(first, 0)).filter(isGone)) this.drop(one);
    items.forEach((item, n) => (isNews || this.#knows(item)) && this.#take(item, Math.max(first, 0) + n));
  }

  // still(add) is to call `add`, and to keep what is read where it is.
  async addOlder(chat, still) {
    const items = await this.#kept.before(chat);
    still(() => items.forEach((item, n) => this.#take(item, n)));
    this.offer(true);
  }

  #knows({ id }) {
    return this.#messages.find((one) => one.id === id);
  }

  #take(item, place) {
    const known = this.#knows(item);
    const message = known ?? item;
    if (!known) this.#messages.splice(place, 0, message);
    else if (known.state === "streaming") return;
    else {
      // What the stream said of tokens and cost may not be stored yet.
      const told = known.metadata.provider ? known.metadata : {};
      Object.assign(known, item, { metadata: { ...item.metadata, ...told } });
    }
    if (!known) this.#turns.add(message, this.#messages[place + 1] ?? null);
    this.#turns.draw(message);
    if (message.role === "assistant") this.#turns.settle(message, htmlsOf(item));
    this.#part("empty").hidden = true;
  }

  // What may be done with the last two: answered again, rewritten.
  offer(isIdle) {
    const [question, answer] = this.lastTwo;
    for (const message of this.#messages) {
      const button = this.#turns.nodeOf(message).querySelector('[data-act="retry"], [data-act="edit"]');
      button.hidden = !isIdle || (message !== question && message !== answer);
      const copy = this.#turns.nodeOf(message).querySelector('[data-act="copy"]');
      if (copy) copy.dataset.copy = message.parts.map(({ text }) => text).filter(Boolean).join("\n\n");
    }
  }
}
