// The side panel and the header of a call page: what is known about it, patched in place.

import { clock } from "calls/geometry.js";
import { maskInto, setLevel } from "calls/marks.js";
import { anchorOf, setIcon, setText, seconds } from "calls/transcript.js";
import { word } from "calls/when.js";

export class Facts {
  #root;
  #outcomes;
  #transfers;
  #acted;
  #notActed;
  #alerted = 0;

  // outcomes: {name: {label, tone, icon}}; transfers: {step: words}; acted: {action: words}
  constructor(root, { outcomes, transfers, acted, not_acted, call }) {
    this.#root = root;
    this.#outcomes = outcomes;
    this.#transfers = transfers;
    this.#acted = acted;
    this.#notActed = not_acted;
    this.#alerted = call.alerts.length;
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

  // The rules that fired. None is ever taken back.
  alerts({ alerts, started_at }) {
    if (alerts.length === this.#alerted) return;
    this.#alerted = alerts.length;
    const blank = this.#root.querySelector('template[data-blank="alert"]').content.firstElementChild;
    const drawn = alerts.map((alert) => {
      const { name, at_ms, do: meant, done } = alert;
      const node = blank.cloneNode(true);
      const part = (called) => node.querySelector(`[data-part="${called}"]`);
      setText(part("name"), name);
      setText(part("outcome"), meant === done ? this.#acted[done] : this.#notActed);
      if (part("at").hasAttribute("href")) part("at").href = `#${anchorOf(alert)}`; // else there is no transcript here
      const time = part("at").querySelector("time");
      time.dateTime = new Date(Date.parse(started_at) + at_ms).toISOString();
      word(time);
      return node;
    });
    this.#part("rules").hidden = false;
    setText(this.#part("hits"), `${alerts.length} hit`);
    this.#part("rules").querySelector("ul").replaceChildren(...drawn);
  }

  turns(turns) {
    setText(this.#part("turns"), String(turns.length));
    const replies = turns.map((turn) => turn.reply_ms).filter((ms) => ms !== null && ms !== undefined).sort((a, b) => a - b);
    setText(this.#part("p50"), replies.length ? seconds(replies[Math.ceil(replies.length / 2) - 1]) : "none");
    setText(this.#part("replies"), String(replies.length));
    this.#part("of-replies").hidden = !replies.length;
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
