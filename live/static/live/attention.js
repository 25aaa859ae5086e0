// What needs attention, and in which order. Pure: a card and a time in, a reason out.

import { DEAD_AIR_MS, voiced } from "calls/geometry.js";

export const LEAVES_AFTER_MS = 20_000; // a reason may come at once, and goes only when it has been gone this long

// Most urgent first. `key` is the digit that filters by it; 4 is kept for moods.
export const TIERS = [
  { name: "failing", rank: 0 },
  { name: "dead", rank: 1 },
  { name: "slow", rank: 2 },
  { name: "steady", rank: 3 },
  { name: "ended", rank: 4 },
];
const RANK = Object.fromEntries(TIERS.map(({ name, rank }) => [name, rank]));

// When anybody was last heard, in ms since 1970. An agent's voice goes on after its last word has arrived.
export function lastHeard(card) {
  const [, end] = voiced(card.ribbon).at(-1) ?? [0, 0];
  return Math.max(Date.parse(card.last_at), Date.parse(card.started_at) + end);
}

// Only where words come as they are spoken is their absence silence: a turn is told once it is over, so somebody may
// be in the middle of a long one; and who types takes their time.
const isHeard = (card) => card.status === "live" && card.level === "token" && card.channel !== "chat";
export const silence = (card, now) =>
  !isHeard(card) || card.now?.speaking ? 0 : Math.max(0, now - lastHeard(card));

// Why a card is where it is: {tier, tone, icon, text, since}. `since`: when its silence began, in ms since 1970.
export function reason(card, now) {
  const { tone, icon, text } = card.why;
  if (card.status !== "live") return { tier: "ended", tone: tone || "none", icon, text };
  if (tone === "danger") return { tier: "failing", tone, icon, text };
  if (silence(card, now) > DEAD_AIR_MS) {
    return { tier: "dead", tone: "warn", icon: "mute", text: "Dead air", since: lastHeard(card) };
  }
  if (card.slow) return { tier: "slow", tone: "warn", icon: "gauge", text: "Slow replies", note: true };
  if (tone === "warn") return { tier: "failing", tone, icon, text };
  return { tier: "steady", tone: "none", icon, text };
}

// The reason to show: a worse one at once, a better one only after the worse has been gone for a while.
export class Attention {
  shown = null;
  #lastTrue = 0;

  update(card, now) {
    const fresh = reason(card, now);
    const isWorseOrSame = !this.shown || fresh.tier === "ended" || RANK[fresh.tier] <= RANK[this.shown.tier];
    if (isWorseOrSame || now - this.#lastTrue > LEAVES_AFTER_MS) {
      this.shown = fresh;
      this.#lastTrue = now;
    } else if (!this.shown.over) {
      this.shown = { ...this.shown, over: now };
    }
    return this.shown;
  }
}

// Sorts [{card, shown}, …]: the reason first, then the worst of each kind, then the longest.
export function byUrgency(a, b) {
  const rank = RANK[a.shown.tier] - RANK[b.shown.tier];
  if (rank) return rank;
  if (a.shown.tier === "dead") return a.shown.since - b.shown.since;
  if (a.shown.tier === "slow") return (b.card.reply_p50_ms ?? 0) - (a.card.reply_p50_ms ?? 0);
  return Date.parse(a.card.started_at) - Date.parse(b.card.started_at);
}

// How many must move to get from one order to the other: all but the longest run that is already in order.
export function moves(from, to) {
  const place = new Map(to.map((id, index) => [id, index]));
  const run = [];
  for (const id of from) {
    const at = place.get(id);
    if (at === undefined) continue;
    let slot = run.findIndex((end) => end >= at);
    if (slot < 0) slot = run.length;
    run[slot] = at;
  }
  return from.length - run.length;
}
