// ⌘K: calls on the line first, then pages, agents, past calls by what was said in them, and commands.
// Pages and commands the page holds itself. The rest is asked for while somebody types, names first, then what
// was said; it comes in where it belongs, and what was chosen stays chosen and where it is.
import { flipTheme } from "js/theme.js";

const SETTLED_MS = 120; // without another letter, before anybody is asked
const RESERVED = 5; // rows kept for past calls while they are looked for: what is below stays where it is
const WAYS = { exact: "= ", spelt: "= Spelled like: ", like: "≈ " }; // how a past call was found
const HEADS = { live: "On the line now", pages: "Go to", agents: "Agents", calls: "Past calls", acts: "Do" };

const palette = document.getElementById("palette");
const input = palette.querySelector("input");
const list = document.getElementById("palette-list");
const none = palette.querySelector("[data-palette-none]");
const state = palette.querySelector("[data-palette-state]");
const icon = palette.querySelector("[data-palette-icon]").content.firstElementChild;
const { names: namesUrl, calls: callsUrl, history } = palette.dataset; // no callsUrl: who may not see words

let offers = {};
let chosen = ""; // the key of what Enter opens
let asking = null; // what is under way; aborted when somebody types on
let timer = 0;
let moved = false; // whether the arrows or the pointer have chosen
let looking = false; // whether past calls are being looked for

export function openPalette() {
  if (palette.open) return;
  offers = { live: [], pages: pages(), agents: [], calls: [], acts: commands() };
  input.value = "";
  chosen = "";
  moved = looking = false;
  say("");
  draw();
  palette.showModal();
  ask();
}

palette.addEventListener("close", () => {
  clearTimeout(timer);
  asking?.abort();
});

// --- What the page holds --------------------------------------------------------------------------------

function pages() {
  return [...document.querySelectorAll("a.rail-link")].map((link) => ({
    icon: "right", label: link.title, keys: link.dataset.go ? ["G", link.dataset.go.toUpperCase()] : [], href: link.href,
  }));
}

// A page adds its own by giving a button or link data-command="What it does".
function commands() {
  const own = [...document.querySelectorAll("[data-command]")].filter((button) => button.checkVisibility());
  const here = own.map((button) => ({ label: button.dataset.command, keys: button.dataset.key ? [button.dataset.key.toUpperCase()] : [], run: () => button.click() }));
  const elsewhere = [...(palette.querySelector("[data-palette-acts]")?.content.children ?? [])].map((act) => ({ label: act.textContent, href: act.href }));
  return [
    ...here,
    ...elsewhere.filter(({ label }) => !here.some((act) => act.label === label)),
    { label: "Switch theme", run: flipTheme },
    { label: "Keyboard shortcuts", keys: ["?"], run: () => document.getElementById("keys").showModal() },
    { label: "Sign out", run: () => document.getElementById("sign-out").requestSubmit() },
  ].map((command) => ({ icon: "bolt", ...command }));
}

// --- What is asked for ----------------------------------------------------------------------------------

const wanted = () => input.value.trim();

async function ask() {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const q = wanted();
  const get = async (url) => {
    const answer = await fetch(`${url}?q=${encodeURIComponent(q)}`, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    return answer.json();
  };
  try {
    const { live, agents } = await get(namesUrl);
    Object.assign(offers, { live: merged(offers.live, live), agents: merged(offers.agents, agents) });
    draw();
    if (!looking) return;
    const { calls, meaning } = await get(callsUrl);
    offers.calls = calls;
    looking = false;
    say(meaning ? "" : "Looked for by words alone: search by meaning is away.");
  } catch (error) {
    if (signal.aborted) return;
    looking = false;
    say(`Calls and agents could not be asked for: ${error.message}. Pages and commands are there.`);
  }
  draw();
}

// Those known before keep their places; what has gone is filtered away by its words, or found to be over.
function merged(known, fresh) {
  const news = new Map(fresh.map((offer) => [offer.href, offer]));
  const kept = known.map((offer) => news.get(offer.href) ?? offer);
  const there = new Set(kept.map((offer) => offer.href));
  return [...kept, ...fresh.filter((offer) => !there.has(offer.href))];
}

const say = (words) => {
  state.textContent = words;
  state.hidden = !words;
};

input.addEventListener("input", () => {
  clearTimeout(timer);
  asking?.abort();
  looking = Boolean(callsUrl) && wanted().length > 1;
  if (!looking) offers.calls = [];
  chosen = "";
  say("");
  draw();
  timer = setTimeout(ask, SETTLED_MS);
});

// --- How it is drawn ------------------------------------------------------------------------------------

const keyOf = (offer) => offer.href ?? offer.label;

function shown() {
  const q = wanted();
  const words = q.toLowerCase().split(/\s+/);
  const named = (some) => some.filter((offer) => words.every((word) => `${offer.label} ${offer.note ?? ""}`.toLowerCase().includes(word)));
  const all = q && callsUrl ? [{ isSearch: true, icon: "search", label: `Search all calls for “${q}”`, href: `${history}?q=${encodeURIComponent(q)}` }] : [];
  const { live, pages, agents, calls, acts } = offers;
  return { live: named(live), pages: named(pages), agents: named(agents), calls: [...all, ...(all.length ? calls : [])], acts: named(acts) };
}

function draw() {
  const before = rowOf(chosen)?.offsetTop;
  const groups = shown();
  list.replaceChildren();
  for (const [name, some] of Object.entries(groups)) {
    if (!some.length) continue;
    list.append(heading(HEADS[name]), ...some.map(row));
    if (name === "calls" && groups.acts.length) list.append(...blanks(RESERVED + 1 - some.length));
  }
  none.hidden = list.childElementCount > 0;
  palette.toggleAttribute("data-looking", looking);
  const after = rowOf(chosen)?.offsetTop;
  if (before !== undefined && after !== undefined) list.scrollTop += after - before;
  else list.scrollTop = 0;
  // Until somebody types or moves, the first is chosen, whatever comes; then what was chosen stays so.
  choose(rowOf(chosen) && (wanted() || moved) ? chosen : (first(groups) ?? ""), { scroll: false });
}

// What Enter does to "theme" is to switch it, not to search all calls for it.
function first(groups) {
  const all = Object.values(groups).flat();
  const offer = all.find(({ isSearch }) => !isSearch) ?? all[0];
  return offer && keyOf(offer);
}

const blanks = (count) => Array.from({ length: Math.max(0, count) }, () => Object.assign(document.createElement("p"), { className: "palette-blank", role: "presentation" }));

function heading(text) {
  return Object.assign(document.createElement("p"), { className: "menu-head", role: "presentation", textContent: text });
}

let rows = 0; // each has an id of its own

function row(offer) {
  const item = document.createElement(offer.href ? "a" : "button");
  Object.assign(item, { className: "menu-item", id: `palette-${(rows += 1)}`, role: "option", tabIndex: -1 });
  item.dataset.key = keyOf(offer);
  if (offer.href) item.href = offer.href;
  else item.addEventListener("click", () => { palette.close(); offer.run(); });
  const mark = icon.cloneNode(true);
  const use = mark.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${offer.icon}`));
  item.append(mark, words(offer));
  for (const key of offer.keys ?? []) item.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  item.addEventListener("pointermove", () => {
    moved = true;
    choose(keyOf(offer), { scroll: false });
  });
  return item;
}

function words({ label, note, at, how, pieces }) {
  const text = document.createElement("span");
  text.textContent = label;
  const day = at && new Date(at).toLocaleString(document.documentElement.lang || undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const beside = [note, day].filter(Boolean).join(", ");
  if (beside) text.append(Object.assign(document.createElement("small"), { textContent: beside }));
  if (pieces) text.append(snippet(pieces, how));
  return text;
}

// What was said is text and nothing else, whatever it looks like.
function snippet(pieces, how) {
  const line = Object.assign(document.createElement("small"), { className: "palette-said" });
  line.append(WAYS[how]);
  for (const [text, hit] of pieces) line.append(hit ? Object.assign(document.createElement("mark"), { textContent: text }) : text);
  return line;
}

// --- What is chosen -------------------------------------------------------------------------------------

const options = () => [...list.querySelectorAll("[role=option]")];
const rowOf = (key) => (key ? list.querySelector(`[role=option][data-key="${CSS.escape(key)}"]`) : null);

function choose(key, { scroll = true } = {}) {
  chosen = key;
  const row = rowOf(key);
  for (const item of options()) item.ariaSelected = String(item === row);
  if (scroll) row?.scrollIntoView({ block: "nearest" });
  if (row) input.setAttribute("aria-activedescendant", row.id);
  else input.removeAttribute("aria-activedescendant");
}

input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const all = options();
  const at = all.findIndex((item) => item.ariaSelected === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length];
    moved = true;
    if (next) choose(next.dataset.key);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const item = all[at];
    if (item?.href && (event.metaKey || event.ctrlKey)) window.open(item.href, "_blank", "noopener");
    else item?.click();
  }
});
