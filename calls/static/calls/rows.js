// Rows of a list, each of which is one big link: J and K walk them. A row that is come to tells so by `walked`.

import { keysOn } from "js/keys.js";

const rows = () => [...document.querySelectorAll(".hit-row")];

// The row somebody is in, or has chosen.
export const current = () => rows().find((row) => row.contains(document.activeElement)) ?? document.querySelector(".hit-row[data-selected]");

// Whether a key is pressed for the page itself, and not in a field or a dialog.
export const isForPage = (event) =>
  !(event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || event.isComposing) &&
  !event.target.closest("input:not([type=checkbox]), textarea, select, dialog, [popover]");

document.addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !keysOn() || !isForPage(event)) return;
  event.preventDefault();
  const all = rows();
  const now = all.indexOf(current());
  const next = all[now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1)];
  if (!next) return;
  next.querySelector(".row-link").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  next.dispatchEvent(new Event("walked", { bubbles: true }));
});
