// The list of deliveries. Rows are drawn by the server, patched by their ids, and never moved under a reader.
import "calls/copy.js";
import "calls/when.js";
import { keysOn } from "js/keys.js";
import "webhooks/opened.js";
import { start } from "webhooks/refresh.js";
import "webhooks/replay.js";
import "webhooks/setup-ages.js";

const NOT_HERE = "input:not([type=checkbox]), textarea, select, dialog, [popover]";

document.addEventListener("keydown", (event) => {
  if (!keysOn() || event.metaKey || event.ctrlKey || event.altKey || event.target.closest(NOT_HERE)) return;
  const link = event.target.closest(".row-link");
  if (event.key === " " && link) {
    event.preventDefault();
    link.click();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const rows = [...document.querySelectorAll(".hit-row")];
  const inside = event.target.closest(".d-open")?.previousElementSibling ?? event.target.closest(".hit-row");
  const now = rows.indexOf(inside);
  const next = rows[now < 0 ? 0 : Math.min(Math.max(now + step, 0), rows.length - 1)];
  next?.querySelector(".row-link").focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
});

// "next in 42 s", counted down.
function tick() {
  for (const time of document.querySelectorAll("time[data-until]")) {
    const seconds = Math.max(0, Math.ceil((Date.parse(time.dateTime) - Date.now()) / 1_000));
    const text = seconds < 90 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
    if (time.textContent !== text) time.textContent = text;
  }
}

tick();
setInterval(tick, 1_000);
start();
