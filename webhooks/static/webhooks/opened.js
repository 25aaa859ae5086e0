// One row is open at a time, and the address says which: ?open=<id>. Back closes it again.
import { wordAll } from "calls/when.js";

const LONGEST_MS = 15_000;
const LOADING_AFTER_MS = 300;
const SAID_MS = 1_500;

const root = document.querySelector(".dlv");
const box = () => document.querySelector(".dlv .table-wrap");
const asked = () => new URLSearchParams(location.search).get("open") ?? "";
export const rowOf = (id) => document.getElementById(`d-${id}`);
export const opened = () => document.querySelector(".d-detail")?.dataset.detail ?? "";

// Is the reader marking text here? Then nothing may be replaced.
export function isMarking() {
  const selection = getSelection();
  return !selection.isCollapsed && Boolean(root?.contains(selection.anchorNode));
}

async function text(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(LONGEST_MS) });
  if (!response.ok || response.redirected) throw new Error(`${response.status} at ${address}`);
  return response.text();
}

async function detailOf(id) {
  const page = new DOMParser().parseFromString(await text(`${root.dataset.deliveries}${id}/`), "text/html");
  const found = page.querySelector(".d-detail");
  if (!found) throw new Error("the answer is another page");
  return found;
}

// --- Opening and closing ---------------------------------------------------------------------------------

function close() {
  document.getElementById("open")?.remove();
  for (const row of document.querySelectorAll(".hit-row[data-selected]")) {
    row.removeAttribute("data-selected");
    row.querySelector(".row-link").ariaExpanded = "false";
  }
}

function place(row) {
  const body = document.createElement("tbody");
  body.className = "d-open";
  body.id = "open";
  body.role = "rowgroup";
  body.innerHTML = '<tr role="row"><td role="cell"></td></tr>';
  row.after(body);
  row.setAttribute("data-selected", "");
  row.querySelector(".row-link").ariaExpanded = "true";
  const cell = body.querySelector("td");
  cell.colSpan = row.querySelectorAll("td").length;
  return cell;
}

const copyOf = (name) => document.querySelector(`template[data-${name}]`).content.cloneNode(true);

async function fill(cell, id) {
  const slow = setTimeout(() => cell.replaceChildren(copyOf("loading")), LOADING_AFTER_MS);
  try {
    const found = await detailOf(id);
    cell.replaceChildren(found);
    wordAll(found);
  } catch {
    cell.replaceChildren(copyOf("failed"));
    cell.querySelector("[data-again]").addEventListener("click", () => fill(cell, id));
  }
  clearTimeout(slow);
}

// Show what the address says is open; the row that was pressed stays where it is.
function apply(pressed) {
  const id = asked();
  const row = id ? rowOf(id) : null;
  if (id && !row) {
    location.reload(); // it is on another page of the list
    return;
  }
  const still = pressed ?? row ?? document.querySelector(".hit-row[data-selected]");
  const before = still?.getBoundingClientRect().top;
  close();
  if (row) fill(place(row), id);
  if (still) box().scrollTop += still.getBoundingClientRect().top - before;
}

function go(id, row) {
  const address = new URL(location);
  if (id) address.searchParams.set("open", id);
  else address.searchParams.delete("open");
  history.pushState(null, "", address);
  apply(row);
}

// What became of the open one has changed: draw it anew, in the form its body is read in.
export async function renew(version) {
  const shown = document.querySelector(".d-detail");
  if (!shown || shown.dataset.version === version || isMarking()) return;
  const fresh = await detailOf(shown.dataset.detail);
  if (!shown.isConnected || isMarking()) return;
  const form = shown.querySelector('[data-form][aria-pressed="true"]')?.dataset.form;
  const focused = shown.contains(document.activeElement) ? document.activeElement.textContent : null;
  const scrolled = [...shown.querySelectorAll(".d-body")].map((part) => part.scrollTop);
  shown.replaceWith(fresh);
  if (form) show(fresh, form);
  for (const [at, part] of [...fresh.querySelectorAll(".d-body")].entries()) part.scrollTop = scrolled[at] ?? 0;
  if (focused !== null) [...fresh.querySelectorAll("button, a, pre")].find((one) => one.textContent === focused)?.focus({ preventScroll: true });
  wordAll(fresh);
}

// --- Inside an open row ----------------------------------------------------------------------------------

function show(detail, form) {
  for (const button of detail.querySelectorAll("[data-form]")) button.ariaPressed = String(button.dataset.form === form);
  for (const part of detail.querySelectorAll("[data-shown]")) part.hidden = part.dataset.shown !== form;
}

async function copy(button) {
  const words = button.querySelector("span");
  button.dataset.says ??= words.textContent;
  try {
    await navigator.clipboard.writeText(await text(button.dataset.fetchCopy));
    words.textContent = "Copied";
  } catch {
    words.textContent = "Not copied";
  }
  setTimeout(() => { words.textContent = button.dataset.says; }, SAID_MS);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    const row = link.closest(".hit-row");
    go(link.ariaExpanded === "true" ? "" : link.dataset.open, row);
    return;
  }
  const button = event.target.closest("button");
  if (button?.dataset.form) show(button.closest(".d-detail"), button.dataset.form);
  if (button?.dataset.fetchCopy) copy(button);
});

addEventListener("popstate", () => {
  if (asked() !== opened()) apply();
});
