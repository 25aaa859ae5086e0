// The list of calls: J and K walk it, a row is one big link, and live calls go on ticking.

import { clock } from "calls/geometry.js";
import { setText } from "calls/transcript.js";
import "calls/when.js";
import { keysOn } from "js/keys.js";

const links = () => [...document.querySelectorAll(".row-link")];

document.addEventListener("keydown", (event) => {
  if (!keysOn() || event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input, textarea, select, dialog, [popover]")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const rows = links();
  const now = rows.findIndex((link) => link.closest(".hit-row").contains(document.activeElement));
  const next = rows[now < 0 ? 0 : Math.min(Math.max(now + step, 0), rows.length - 1)];
  next?.focus({ preventScroll: true });
  next?.closest(".hit-row").scrollIntoView({ block: "nearest" });
});

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    setText(time, clock(Math.max(0, Date.now() - Date.parse(time.dataset.since))));
  }
}, 1_000);
