// The drawer beside the list: a glance at one call. The server draws it; the address says which call it is of.

import { Glance } from "calls/glance.js";
import { wordAll } from "calls/when.js";
import { toast } from "js/toast.js";

const hist = document.querySelector(".hist");
const drawer = () => hist.querySelector(".peek");
let asking = null;
let player = null;

export const isOpen = () => drawer() !== null;

export const toggleSound = () => player?.toggle();

// To the recording of the call that is looked at now, if there is one.
function listen() {
  player?.close();
  const box = drawer()?.querySelector("[data-heard]");
  player = box ? new Glance(box) : null;
}

const wanted = () => new URLSearchParams(location.search).get("peek");

function addressed(id) {
  const address = new URL(location.href);
  if (id) address.searchParams.set("peek", id);
  else address.searchParams.delete("peek");
  return address;
}

const rowOf = (id) => hist.querySelector(`.hit-row[data-call="${CSS.escape(id)}"]`);

// Opens it at this row, or closes it where it is open there.
export function toggle(row) {
  if (drawer()?.dataset.call === row.dataset.call) return close();
  if (isOpen()) return follow(row);
  history.pushState({ opened: true, top: history.state?.top }, "", addressed(row.dataset.call));
  return show(row.dataset.call);
}

export function follow(row) {
  if (wanted() === row.dataset.call) return undefined;
  history.replaceState(history.state, "", addressed(row.dataset.call));
  return show(row.dataset.call);
}

export function close() {
  if (history.state?.opened) history.back(); // to where it was opened
  else {
    history.replaceState(history.state, "", addressed(""));
    hide();
  }
}

function hide() {
  asking?.abort();
  const was = drawer();
  const row = was && rowOf(was.dataset.call);
  const held = was?.contains(document.activeElement) || document.activeElement === document.body;
  was?.remove();
  listen();
  delete hist.dataset.peek;
  select(null);
  if (held) row?.querySelector(".row-link").focus({ preventScroll: true });
}

function select(row) {
  for (const one of hist.querySelectorAll(".hit-row")) {
    one.toggleAttribute("data-selected", one === row);
    const link = one.querySelector(".row-link");
    if (one === row) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function show(id) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  select(rowOf(id));
  drawer()?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/calls/${id}/peek${location.search}`, { signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    draw(await answer.text());
  } catch (error) {
    if (signal.aborted) return;
    drawer()?.removeAttribute("aria-busy");
    toast(`This call could not be looked at: ${error.message}.`, { tone: "danger", act: { text: "Open it", href: `/calls/${id}/` } });
  }
}

function draw(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // the server's own, in which words of calls are text
  const fresh = template.content.querySelector(".peek");
  if (!fresh) throw new Error("the server answered with something else");
  const was = drawer();
  if (was) was.replaceWith(fresh);
  else hist.append(fresh);
  hist.dataset.peek = "";
  listen();
  wordAll(fresh);
  hist.querySelector(".hit-row[data-selected]")?.scrollIntoView({ block: "nearest" });
  // Over the whole of a small screen it is what is looked at; beside the list, the row is.
  if (getComputedStyle(fresh).position === "absolute") fresh.querySelector("[data-peek-close]").focus();
}

hist.addEventListener("click", (event) => {
  if (event.target.closest("[data-peek-close]")) close();
  const opener = event.target.closest("[data-peek-open]");
  if (opener) toggle(opener.closest(".hit-row"));
});

addEventListener("popstate", () => {
  const id = wanted();
  if (!id) hide();
  else if (drawer()?.dataset.call !== id) show(id);
});

listen();
