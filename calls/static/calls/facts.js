// The side panel and the header of a call page: what is known about it, patched in place.

import { clock } from "calls/geometry.js";
import { maskInto, setLevel } from "calls/marks.js";
import { setIcon, setText, seconds } from "calls/transcript.js";
import { word } from "calls/when.js";

export class Facts {
  #root;
  #outcomes;
  #transfers;

  // outcomes: {name: {label, tone, icon}}; transfers: {step: words}
  constructor(root, { outcomes, transfers }) {
    this.#root = root;
    this.#outcomes = outcomes;
    this.#transfers = transfers;
  }

  length(ms) {
    setText(this.#part("length"), clock(Math.max(0, ms)));
  }

  cost(usd) {
    setText(this.#part("cost"), dollars(usd));
  }

  call(call) {
    this.#whoAndHow(call);
    if (call.status === "live") return;
    const outcome = this.#outcomes[call.outcome] ?? this.#outcomes[""];
    const pill = this.#part("pill");
    pill.dataset.tone = outcome.tone;
    setIcon(pill.querySelector("use"), outcome.icon);
    setText(pill.querySelector("span"), outcome.label);
    this.length(call.duration_ms);
    const ended = this.#part("ended");
    ended.hidden = !call.ended_at;
    if (call.ended_at) {
      ended.querySelector("time").dateTime = call.ended_at;
      word(ended.querySelector("time"));
    }
    this.#part("reason").hidden = !call.end_reason;
    setText(this.#part("reason").querySelector("code"), call.end_reason ?? "");
    this.#part("so-far").hidden = true;
  }

  // What a call that is told of by webhooks comes to know about itself.
  #whoAndHow({ who, agent, level, transfer, transfer_to }) {
    maskInto(this.#part("who"), who);
    setLevel(this.#root.querySelector(".view-facts .level"), level);
    if (agent) {
      for (const name of this.#root.querySelectorAll('[data-fact="agent"]')) setText(name, agent);
      this.#part("unlinked")?.remove();
    }
    this.#part("transfer").hidden = !transfer;
    setText(this.#part("step"), this.#transfers[transfer] ?? "");
    const to = this.#part("transfer-to");
    if (to) maskInto(to, transfer_to);
  }

  turns(turns) {
    setText(this.#part("turns"), String(turns.length));
    const replies = turns.map((turn) => turn.reply_ms).filter((ms) => ms !== null && ms !== undefined).sort((a, b) => a - b);
    setText(this.#part("p50"), replies.length ? seconds(replies[Math.ceil(replies.length / 2) - 1]) : "—");
    setText(this.#part("replies"), String(replies.length));
    const last = turns.filter((turn) => turn.model).at(-1);
    if (!last) return;
    setText(this.#part("model"), last.model);
    const fallback = this.#part("fallback");
    fallback.hidden = !last.fallback;
    setText(fallback.querySelector("span"), `Fallback ${last.fallback}`);
  }

  #part(name) {
    return this.#root.querySelector(`[data-fact="${name}"]`);
  }
}

function dollars(amount) {
  if (amount === null || amount === undefined || amount === "") return "—";
  const value = Number(amount);
  return `$${value.toFixed(value > 0 && value < 0.01 ? 4 : 2)}`;
}
