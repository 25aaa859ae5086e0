// The history page: J and K walk its rows, X picks one, Space looks at it, and live calls go on ticking.
// What it is opened at again after Back: where it was scrolled to.

import "calls/columns.js";
import "calls/export.js";
import { clock } from "calls/geometry.js";
import "calls/narrow.js";
import { close, follow, isOpen, toggle, toggleSound } from "calls/peek.js";
import "calls/picked.js";
import { current, isForPage } from "calls/rows.js";
import { setText } from "calls/transcript.js";
import "calls/views.js";
import "calls/when.js";
import { keysOn } from "js/keys.js";

const KEYS = {
  x: () => current()?.querySelector("[data-pick]")?.click(),
  p: toggleSound,
  "/": () => document.querySelector("[data-key-focus='/']")?.select(),
};

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  if (event.key === "Escape" && isOpen()) return close();
  if (event.key === " " && event.target.matches(".row-link")) {
    event.preventDefault();
    return toggle(event.target.closest(".hit-row"));
  }
  if (event.key === "Enter" && isOpen() && !event.target.closest("a, button, input")) return current()?.querySelector(".row-link").click();
  if (!keysOn() || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.addEventListener("walked", ({ target }) => isOpen() && follow(target));

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    setText(time, clock(Math.max(0, Date.now() - Date.parse(time.dataset.since))));
  }
}, 1_000);

// The list scrolls in a box of its own, whose place no browser remembers.
const box = document.querySelector("[data-place]");
if (box) {
  box.scrollTop = history.state?.top ?? 0;
  addEventListener("pagehide", () => history.replaceState({ ...history.state, top: box.scrollTop }, ""));
}
