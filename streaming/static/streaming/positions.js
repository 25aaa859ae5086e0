// Positions: text that the server wrote and is handed back. Of one topic `<epoch>-<ms>-<number>`; of several that share
// a connection `~<base>.<place>.<place>…`, a place for each topic in the order in which they were asked for.

const NUMBERED = /^([0-9a-z]+)-(\d+)-(\d+)$/;
const PLACE = /^([\w-]{6})(?:([0-9a-f]+)(?:,([0-9a-f]+))?|(!))$/;

/** The position of the topic at `index` of those that share `id`, as one that stands for it alone. */
export function ownPosition(id, index) {
  if (!id.startsWith("~")) return id;
  const [base, ...places] = id.slice(1).split(".");
  const [, key, offset, number, end] = PLACE.exec(places[index]);
  if (end) return `~0.${key}!`;
  const ms = parseInt(offset, 16);
  return `~0.${key}${(ms && ms + parseInt(base, 16)).toString(16)}${number ? `,${number}` : ""}`;
}

/** One position of several topics from the own positions of each; null if one of them has none yet. */
export function commonPosition(positions) {
  if (positions.length === 1) return positions[0];
  return positions.every((one) => one?.startsWith("~0.")) ? `~0.${positions.map((one) => one.slice(3)).join(".")}` : null;
}

// [whose, ms, number] of a position of one topic; null before its first entry, after its last, and for several topics.
function placeOf(position) {
  const alone = NUMBERED.exec(position ?? "");
  if (alone) return alone[2] === "0" ? null : [alone[1], Number(alone[2]), Number(alone[3])];
  const [base, place, another] = position?.startsWith("~") ? position.slice(1).split(".") : [];
  const found = another === undefined && PLACE.exec(place ?? "");
  if (!found || !parseInt(found[2] ?? "0", 16)) return null;
  return [found[1], parseInt(base, 16) + parseInt(found[2], 16) - 1, parseInt(found[3] ?? "0", 16)];
}

/** Whether `id` is not after `last`, of the same log of the same topic. */
export function isRepeat(last, id) {
  const before = placeOf(last);
  const now = placeOf(id);
  if (!before || !now || before[0] !== now[0]) return false;
  return now[1] < before[1] || (now[1] === before[1] && now[2] <= before[2]);
}

/** Whether two positions of one topic are the same place, whatever connection each came over. */
export function isSamePlace(a, b) {
  if (a === b && NUMBERED.test(a ?? "") && !a.startsWith("0-")) return true; // "0-0-0" is no place at all
  const [one, other] = [placeOf(a), placeOf(b)];
  return Boolean(one && other) && one[1] === other[1] && one[2] === other[2];
}

/** Whether this is the position of a topic that is over. */
export const isEnd = (position) => /^(?:[0-9a-z]+-end|~[0-9a-f]+\.[\w-]{6}!)$/.test(position ?? "");

/** The address from which to go on after these positions: one, or one for each connection there was. */
export function resumeAt(url, positions, base = globalThis.location?.href) {
  const address = new URL(url, base);
  const known = [positions].flat().filter(Boolean);
  if (known.length) address.searchParams.delete("after");
  for (const position of new Set(known)) address.searchParams.append("after", position);
  return address.href;
}
