// Where a message is written. It knows what may be done now, and why not where it may not.

import { setText } from "calls/transcript.js";

export class Composer {
  #form;
  #field;
  #send;
  #stop;
  #waiting = 0; // until when nothing may be sent
  #timer = 0;
  #isBusy = false;
  #act = null; // what the button of the notice does
  #ask;

  // ask(text) is called with what was written; stop() to stop the answer.
  constructor(form, { ask, stop }) {
    this.#form = form;
    this.#ask = ask;
    this.#field = form.elements.text;
    this.#send = form.querySelector('[data-act="send"]');
    this.#stop = form.querySelector('[data-act="stop"]');
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.#field.addEventListener("keydown", (event) => {
      // Enter also accepts what an input method offers.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.#field.addEventListener("input", () => this.#refresh());
    this.#stop.addEventListener("click", stop);
    form.querySelector('[data-act="again"]').addEventListener("click", () => this.#act?.());
    this.#refresh();
  }

  get text() {
    return this.#field.value.trim();
  }

  set text(text) {
    this.#field.value = text;
    this.#refresh();
  }

  // What goes with a message: { agentId, tier?, provider? }.
  get choices() {
    const { agent, tier, provider } = this.#form.elements;
    const chosen = { agentId: agent.value };
    if (tier.value) chosen.tier = tier.value;
    if (provider?.value) chosen.provider = provider.value;
    return chosen;
  }

  // { name, topic, version } of the agent that is asked.
  get agent() {
    return this.#form.elements.agent.selectedOptions[0].dataset;
  }

  // A chat keeps the agent that it began with.
  keepAgent() {
    this.#form.elements.agent.disabled = true;
    this.#form.elements.agent.title = "A chat keeps its agent";
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  set busy(isBusy) {
    this.#isBusy = isBusy;
    const hadFocus = document.activeElement === (isBusy ? this.#send : this.#stop);
    this.#send.hidden = isBusy;
    this.#stop.hidden = !isBusy;
    if (hadFocus) this.focus();
    this.#refresh();
  }

  // text: what happened and what to do; a function of the seconds left where there is something to wait for.
  // action, act: what a button beside it says and does.
  tell(text, { seconds = 0, action = "", act = null } = {}) {
    clearInterval(this.#timer);
    const note = this.#form.querySelector('[data-part="notice"]');
    const again = this.#form.querySelector('[data-act="again"]');
    this.#act = act;
    setText(again, action);
    this.#waiting = performance.now() + seconds * 1000;
    const count = () => {
      const left = this.#secondsLeft();
      // Read out when it comes and when the time is up, not every second.
      note.ariaLive = note.hidden || left === 0 ? "assertive" : "off";
      setText(note.querySelector('[data-part="notice-text"]'), typeof text === "function" ? text(left) : text);
      again.hidden = !act || left > 0;
      note.hidden = !text;
      if (left === 0) clearInterval(this.#timer);
      this.#refresh();
    };
    if (seconds) this.#timer = setInterval(count, 250);
    count();
  }

  hush() {
    this.tell("");
  }

  #secondsLeft() {
    return Math.max(0, Math.ceil((this.#waiting - performance.now()) / 1000));
  }

  send() {
    if (this.#send.ariaDisabled !== "true" && !this.#isBusy) this.#ask(this.text);
  }

  #refresh() {
    const left = this.#secondsLeft();
    const why = this.#field.disabled ? "No agent to talk to" : left ? `In ${left} s` : this.text ? "" : "Write something first";
    this.#send.ariaDisabled = String(Boolean(why));
    this.#send.title = why;
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }
}
