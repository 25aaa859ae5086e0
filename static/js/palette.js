// ⌘K: calls on this page first, then pages, then commands. What it offers is what the page already holds.
import { flipTheme } from "js/theme.js";

const palette = document.getElementById("palette");
const input = palette.querySelector("input");
const list = document.getElementById("palette-list");
const none = palette.querySelector("[data-palette-none]");
const icons = palette.querySelector("[data-palette-icons]").content;

let offers = [];
let chosen = 0;

export function openPalette() {
  if (palette.open) return;
  offers = [...calls(), ...pages(), ...commands()];
  input.value = "";
  chosen = 0;
  draw();
  palette.showModal();
}

// Cards of calls, as the wallboard draws them.
function calls() {
  return [...document.querySelectorAll(".call-who")].slice(0, 40).map((link) => {
    const [agent, why] = [".call-agent", ".call-why b"].map((part) => link.closest(".call")?.querySelector(part)?.textContent.trim() ?? "");
    const note = agent.includes(why) ? agent : [agent, why].filter(Boolean).join(". "); // a steady call's reason is its topic
    return { group: "On the line now", icon: "call", label: link.textContent.trim(), note, href: link.href };
  });
}

function pages() {
  return [...document.querySelectorAll("a.rail-link")].map((link) => ({
    group: "Go to", icon: "page", label: link.title, keys: link.dataset.go ? ["G", link.dataset.go.toUpperCase()] : [], href: link.href,
  }));
}

// A page adds its own by giving a button data-command="What it does".
function commands() {
  const own = [...document.querySelectorAll("button[data-command]")].filter((button) => button.checkVisibility());
  return [
    ...own.map((button) => ({ label: button.dataset.command, keys: button.dataset.key ? [button.dataset.key.toUpperCase()] : [], run: () => button.click() })),
    { label: "Switch theme", run: flipTheme },
    { label: "Keyboard shortcuts", keys: ["?"], run: () => document.getElementById("keys").showModal() },
    { label: "Sign out", run: () => document.getElementById("sign-out").requestSubmit() },
  ].map((command) => ({ group: "Do", icon: "act", ...command }));
}

function draw() {
  const wanted = input.value.trim().toLowerCase().split(/\s+/);
  const shown = offers.filter((offer) => wanted.every((word) => `${offer.label} ${offer.note ?? ""}`.toLowerCase().includes(word)));
  chosen = Math.max(0, Math.min(chosen, shown.length - 1));
  list.replaceChildren();
  let group = "";
  for (const [at, offer] of shown.entries()) {
    if (offer.group !== group) list.append(heading((group = offer.group)));
    list.append(row(offer, at));
  }
  none.hidden = shown.length > 0;
  choose(chosen);
}

function heading(text) {
  const head = document.createElement("p");
  head.className = "menu-head";
  head.role = "presentation";
  head.textContent = text;
  return head;
}

function row(offer, at) {
  const item = document.createElement(offer.href ? "a" : "button");
  item.className = "menu-item";
  item.id = `palette-${at}`;
  item.role = "option";
  item.tabIndex = -1;
  if (offer.href) item.href = offer.href;
  else item.addEventListener("click", () => { palette.close(); offer.run(); });
  const words = document.createElement("span");
  words.textContent = offer.label;
  if (offer.note) words.append(Object.assign(document.createElement("small"), { textContent: offer.note }));
  item.append(icons.querySelector(`.offers-${offer.icon}`).cloneNode(true), words);
  for (const key of offer.keys ?? []) item.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  item.addEventListener("pointermove", () => choose(at));
  return item;
}

function choose(at) {
  const rows = [...list.querySelectorAll("[role=option]")];
  chosen = rows.length ? (at + rows.length) % rows.length : 0;
  for (const [n, item] of rows.entries()) item.ariaSelected = String(n === chosen);
  rows[chosen]?.scrollIntoView({ block: "nearest" });
  if (rows.length) input.setAttribute("aria-activedescendant", rows[chosen].id);
  else input.removeAttribute("aria-activedescendant");
}

input.addEventListener("input", () => { chosen = 0; draw(); });
input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter") {
    event.preventDefault();
    const item = list.querySelectorAll("[role=option]")[chosen];
    if (item?.href && (event.metaKey || event.ctrlKey)) window.open(item.href, "_blank", "noopener");
    else item?.click();
  }
});
