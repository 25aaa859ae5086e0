// The one stretch in which two texts differ, and putting it into another.

// What makes `after` of `before`: { start, end, text } in place of what stands from start to before end.
export function splice(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}

// `mine` was made of `base` while others made `theirs` of it: both together, or null where they touch.
export function rebase(base, mine, theirs) {
  const [ours, others] = [splice(base, mine), splice(base, theirs)];
  if (ours.end < others.start) return put(theirs, ours, 0);
  if (others.end < ours.start) return put(theirs, ours, theirs.length - base.length);
  return null;
}

const put = (text, { start, end, text: added }, by) => text.slice(0, start + by) + added + text.slice(end + by);
