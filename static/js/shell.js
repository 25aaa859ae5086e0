// The frame around every page: connection pill, theme, dialogs, palette, shortcuts.
// Pages use setConnection, onRetry and setCount of this module. Everything else works by attributes:
//   data-dialog="id"  opens a dialog        data-close      closes the one it is in
//   data-key="h"      is pressed by a key   data-command    is offered in the palette under that name
//   #id in the address of a page opens that dialog
import { keysOn, setKeysOn } from "js/keys.js";
import { openPalette } from "js/palette.js";
import { flipTheme, setTheme } from "js/theme.js";

// In whose days lists are narrowed: the server draws the next page by it.
const secure = location.protocol === "https:" ? "; Secure" : "";
document.cookie = `tz=${Intl.DateTimeFormat().resolvedOptions().timeZone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;

const root = document.documentElement;
const WORDS = { live: "Live", reconnecting: "Reconnecting", catching: "Catching up", stale: "Stale" };

const pill = document.querySelector(".conn");
const banner = document.querySelector("[data-conn-banner]");
const panel = document.getElementById("conn-menu");
let facts = {};
let dismissed = false;

// state: "live" | "reconnecting" | "catching" | "stale". detail: what stands beside the word ("38 ms", "try 2").
// facts: { lagMs, lastAt } (lastAt as of Date.now()), shown in the pill's panel and in the notice.
export function setConnection(state, detail = "", { lagMs = facts.lagMs, lastAt = facts.lastAt } = {}) {
  facts = { lagMs, lastAt };
  if (pill.dataset.conn !== state || pill.hidden) {
    pill.dataset.conn = state;
    pill.hidden = false;
    pill.querySelector(".conn-text").textContent = WORDS[state];
    root.toggleAttribute("data-stale", state === "stale");
    if (state !== "stale") dismissed = false;
  }
  pill.querySelector(".conn-sub").textContent = detail;
  banner.hidden = state !== "stale" || dismissed;
  drawFacts();
}

// Called when somebody presses Retry now on the notice.
export function onRetry(retry) {
  document.addEventListener("shell:retry", retry);
}

// The number beside a page's name in the rail.
export function setCount(name, count) {
  const badge = document.querySelector(`[data-count="${name}"]`);
  if (!badge) return;
  badge.querySelector("[data-count-n]").textContent = count;
  badge.hidden = count === 0;
}

const age = (ms) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : ms < 90_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

// The same, where only the difference is known.
export function addToCount(name, more) {
  const badge = document.querySelector(`[data-count="${name}"] [data-count-n]`);
  if (badge) setCount(name, Math.max(0, Number(badge.textContent) + more));
}

function drawFacts() {
  const since = facts.lastAt === undefined ? undefined : Math.max(0, Date.now() - facts.lastAt);
  if (!banner.hidden && since !== undefined) banner.querySelector("[data-conn-age]").textContent = age(since);
  if (!panel.matches(":popover-open")) return;
  if (facts.lagMs !== undefined) panel.querySelector("[data-conn-lag]").textContent = `Server-sent events, ${facts.lagMs} ms behind`;
  if (since !== undefined) panel.querySelector("[data-conn-last]").textContent = `${age(since)} ago`;
}
panel.addEventListener("toggle", drawFacts);
setInterval(drawFacts, 1000);

const open = (id) => (id === "palette" ? openPalette() : document.getElementById(id).showModal());

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button, a");
  if (!pressed) return;
  if (pressed.ariaDisabled === "true") {
    event.preventDefault();
    return;
  }
  const { dialog, themeSet } = pressed.dataset;
  if (dialog) open(dialog);
  if ("close" in pressed.dataset) pressed.closest("dialog").close();
  if ("themeFlip" in pressed.dataset) flipTheme();
  if (themeSet !== undefined) setTheme(themeSet);
  if ("bannerClose" in pressed.dataset) banner.hidden = dismissed = true;
  if ("connRetry" in pressed.dataset) document.dispatchEvent(new Event("shell:retry"));
});

// An address may end with the name of a dialog, which is then open: /agents/#create.
const named = location.hash && document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDialogElement && !named.open) named.showModal();

// A click on a dialog's backdrop is a click on the dialog itself, outside its box.
document.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
  if (!(target instanceof HTMLDialogElement) || (x === 0 && y === 0)) return;
  const box = target.getBoundingClientRect();
  if (x < box.left || x > box.right || y < box.top || y > box.bottom) target.close();
});

const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
let going = 0; // until when a letter after G counts

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.metaKey || event.ctrlKey) && !event.altKey && key === "k") {
    event.preventDefault();
    open("palette");
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) event.target.blur();
  if (!keysOn() || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (key === "?") open("keys");
  else if (event.timeStamp < going) document.querySelector(`[data-go="${CSS.escape(key)}"]`)?.click();
  else document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  going = key === "g" ? event.timeStamp + 1500 : 0;
});

// The pages say ⌘; keyboards without that key have Ctrl in its place.
if (!/Mac|iP(hone|ad|od)/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("kbd")) if (key.textContent.startsWith("⌘")) key.textContent = key.textContent.replace("⌘", "Ctrl ").trim();
}

const keysBox = document.querySelector("[data-keys-on]");
keysBox.checked = keysOn();
keysBox.addEventListener("change", () => setKeysOn(keysBox.checked));
