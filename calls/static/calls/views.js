// Saved views: keep a list as it is, rename it, share it, remove it, and copy its address.

import { api } from "calls/api.js";
import { toast } from "js/toast.js";

const tabs = document.querySelector(".tabs");
const dialog = document.getElementById("save-view");
const menu = document.getElementById("view-menu");
const { view, query, columns } = tabs.dataset;
const shown = columns ? columns.split(",") : [];
const here = (id) => `${location.pathname}?view=${id}`;
tabs.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });

// Does it, and goes where `to` says; the words are kept where it goes wrong.
async function act(work, to) {
  try {
    location.assign(to(await work()));
  } catch (error) {
    toast(error.message, { tone: "danger" });
  }
}

dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, shared } = event.target.elements;
  const told = { name: name.value, shared: shared.checked };
  const renames = dialog.dataset.renames === "";
  act(
    () => (renames ? api("PATCH", `views/${view}`, told) : api("POST", "views", { ...told, query, columns: shown })),
    ({ id }) => (renames ? location.href : here(id)),
  );
});

function ask(renames) {
  const { name, shared } = dialog.querySelector("form").elements;
  dialog.toggleAttribute("data-renames", renames);
  dialog.querySelector("h2").textContent = renames ? "Rename or share" : "Save view";
  dialog.querySelector(".btn-primary").textContent = renames ? "Save" : "Save view";
  name.value = renames ? tabs.dataset.name : "";
  shared.checked = renames && "shared" in tabs.dataset;
  dialog.showModal();
  name.select();
}

const ACTS = {
  new: () => ask(false),
  rename: () => ask(true),
  update: () => act(() => api("PATCH", `views/${view}`, { query, columns: shown }), () => here(view)),
  remove: () => document.getElementById("remove-view").showModal(),
  removed: () => act(() => api("DELETE", `views/${view}`), () => location.pathname),
  copy: async () => {
    try {
      await navigator.clipboard.writeText(new URL(view ? here(view) : location.href, location.href).href);
      toast("The address is copied.");
    } catch {
      toast("The browser keeps its clipboard to itself: copy the address from its bar.", { tone: "danger" });
    }
  },
};

document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-view-act]");
  if (!pressed) return;
  if (menu?.matches(":popover-open")) menu.hidePopover();
  ACTS[pressed.dataset.viewAct]();
});
