// Every three seconds: what has changed of the rows shown, and what has come since. Rows are patched in place; new
// ones are put on top only while nobody is reading, and otherwise counted.
import { wordAll } from "calls/when.js";
import { isMarking, opened, renew, rowOf } from "webhooks/opened.js";

const EVERY_MS = 3_000;
const AFTER_FAILURE_MS = 6_000;
const LONGEST_MS = 10_000;
const PAGE = 50; // as many new ones as one answer holds
const MOST_ASKED = 100;
const MOST_ROWS = 200; // a list that has grown so long is begun anew

const root = document.querySelector(".dlv");
const rows = () => [...document.querySelectorAll(".hit-row")];
let timer = 0;
let asking = false;

function address() {
  const query = new URLSearchParams(location.search);
  const open = query.get("open");
  query.delete("open");
  const shown = rows().slice(0, MOST_ASKED).map((row) => row.id.slice(2));
  const floor = rows().length > MOST_ASKED ? shown.at(-1) : root.dataset.floor;
  if (floor) query.set("floor", floor);
  for (const id of new Set([...shown, ...(open ? [open] : [])])) query.append("row", id);
  return `${root.dataset.changes}?${query}`;
}

async function ask() {
  const response = await fetch(address(), { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(LONGEST_MS) });
  if (!response.ok || response.redirected) throw new Error(`${response.status}`);
  const answer = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!answer.getElementById("known")) throw new Error("the answer is another page");
  return answer;
}

// --- What changed ----------------------------------------------------------------------------------------

function recount(answer) {
  for (const fresh of answer.querySelectorAll("#tabs .count")) {
    const shown = document.getElementById(fresh.id);
    if (!shown || shown.textContent === fresh.textContent) continue;
    shown.textContent = fresh.textContent;
    if (fresh.dataset.tone) shown.dataset.tone = fresh.dataset.tone;
    else delete shown.dataset.tone;
  }
}

function patch(shown, fresh) {
  if (shown.dataset.version === fresh.dataset.version) return;
  const picked = shown.querySelector("input")?.checked;
  const focused = shown.contains(document.activeElement) ? document.activeElement.localName : "";
  const expanded = shown.querySelector(".row-link").ariaExpanded;
  shown.replaceChildren(...fresh.children);
  shown.dataset.version = fresh.dataset.version;
  shown.querySelector(".row-link").ariaExpanded = expanded;
  if (picked) shown.querySelector("input").checked = true;
  if (focused) shown.querySelector(focused).focus({ preventScroll: true });
  wordAll(shown);
}

// --- What is new -----------------------------------------------------------------------------------------

const scroller = document.querySelector(".dlv .table-wrap");
const pill = document.querySelector("[data-show-new]");

function isRead() {
  return scroller.scrollTop > 8 || opened() || scroller.matches(":hover") || document.activeElement.closest(".hit-row")
    || document.querySelector(".hit-row :checked, dialog[open], :popover-open") || rows().length >= MOST_ROWS;
}

function announce(count) {
  const many = count >= PAGE ? `${PAGE} or more` : count;
  const words = `${many} new deliver${count === 1 ? "y" : "ies"}`;
  if (pill.textContent.trim() !== words) pill.querySelector("span").textContent = words;
  pill.hidden = count === 0;
}

// Each goes to its own place: what has come to match since, as a dead letter, may be older than the newest row.
function take(fresh) {
  for (const row of fresh) {
    const next = rows().find((shown) => shown.id < row.id);
    if (next) next.before(row);
    else rows().at(-1).after(row);
    wordAll(row);
  }
  announce(0);
}

function meet(fresh) {
  if (!("newest" in root.dataset) || !fresh.length) return;
  if (!scroller) location.reload(); // there was nothing yet
  else if (fresh.length < PAGE && !isRead()) take(fresh);
  else announce(fresh.length);
}

// --- Now and then ----------------------------------------------------------------------------------------

const state = document.querySelector("[data-fresh]");

function say(words, tone) {
  if (state.lastElementChild.textContent === words) return;
  state.lastElementChild.textContent = words;
  state.dataset.tone = tone;
}

export async function refresh() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  let next = EVERY_MS;
  if (isMarking()) {
    say("Paused while you mark text", "none");
  } else {
    asking = true;
    try {
      const answer = await ask();
      recount(answer);
      for (const fresh of answer.querySelectorAll("#known .hit-row")) {
        const shown = rowOf(fresh.id.slice(2));
        if (shown) patch(shown, fresh);
        if (shown && opened() === fresh.id.slice(2)) await renew(fresh.dataset.version);
      }
      meet([...answer.querySelectorAll("#fresh .hit-row")].filter((row) => !rowOf(row.id.slice(2))));
      say("Live", "live");
    } catch {
      if (state.dataset.tone !== "warn") say(`Not updating since ${new Date().toLocaleTimeString("en-GB")}. Trying again`, "warn");
      next = AFTER_FAILURE_MS;
    }
    asking = false;
  }
  timer = setTimeout(refresh, next);
}

export function start() {
  if (!root?.dataset.changes) return;
  document.addEventListener("visibilitychange", refresh);
  pill?.addEventListener("click", () => {
    const first = new URL(location);
    first.searchParams.delete("cursor");
    first.searchParams.delete("open");
    location.assign(first);
  });
  timer = setTimeout(refresh, EVERY_MS);
}
