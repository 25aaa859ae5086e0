// What was read in a call, put right by people. The server draws it anew after each change.

import { ask } from "agents/send.js";
import { toast } from "js/toast.js";

const TYPED = {
  boolean: (text) => text === "true",
  number: (text) => Number(text),
};

// root: the call's page.
export function openAnalysis(root, { csrf, signal }) {
  const panel = () => root.querySelector("[data-analysis]");
  if (!panel()) return;
  const id = panel().dataset.analysis;

  async function put(path, body, focus) {
    panel().setAttribute("aria-busy", "true");
    const { ok, told } = await ask("PUT", `/api/v1/calls/${id}/${path}`, csrf, body);
    if (!ok) toast(told.error.details?.[0].problem ?? told.error.message, { tone: "warn" });
    await draw();
    panel()?.querySelector(focus)?.focus();
  }

  // What could not be had stands as it was: it is there again with the page.
  async function draw() {
    panel().removeAttribute("aria-busy");
    try {
      const answer = await fetch(`/calls/${id}/analysis`, { signal: AbortSignal.timeout(15_000) });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-analysis]");
      if (fresh) panel().replaceWith(fresh);
    } catch {
      toast("It could not be drawn anew. Reload the page.", { tone: "warn" });
    }
  }

  function open(row, isOpen) {
    row.querySelector("form").hidden = !isOpen;
    const button = row.querySelector("[data-edit]");
    button.setAttribute("aria-expanded", isOpen);
    (isOpen ? row.querySelector("input, select") : button).focus();
  }

  // All that a person says of a score: those they say otherwise than the model.
  function overrides(section) {
    const said = [...section.querySelectorAll("[data-check]")].filter((select) => select.value);
    return { overrides: Object.fromEntries(said.map((select) => [select.dataset.check, JSON.parse(select.value)])) };
  }

  const inside = (event, selector) => event.target.closest("[data-analysis]") && event.target.closest(selector);

  root.addEventListener("click", (event) => {
    const row = inside(event, "[data-key]");
    if (row && event.target.closest("[data-edit]")) open(row, row.querySelector("form").hidden);
    if (row && event.target.closest("[data-cancel]")) open(row, false);
    const section = inside(event, "[data-agree]") && event.target.closest("[data-scorecard]");
    if (section) put(`scores/${section.dataset.scorecard}`, overrides(section), `[data-scorecard="${section.dataset.scorecard}"] select`);
  }, { signal });

  root.addEventListener("change", (event) => {
    const select = inside(event, "[data-check]");
    const section = select?.closest("[data-scorecard]");
    if (section) put(`scores/${section.dataset.scorecard}`, overrides(section), `[data-scorecard="${section.dataset.scorecard}"] [data-check="${select.dataset.check}"]`);
  }, { signal });

  root.addEventListener("submit", (event) => {
    const row = inside(event, "[data-key]");
    if (!row) return;
    event.preventDefault();
    const text = row.querySelector("input, select").value.trim();
    const typed = TYPED[row.dataset.kind] ?? ((same) => same);
    put(`fields/${row.dataset.key}`, { value: text ? typed(text) : null }, `[data-key="${row.dataset.key}"] [data-edit]`);
  }, { signal });

  root.addEventListener("keydown", (event) => {
    const row = event.key === "Escape" && inside(event, "form") && event.target.closest("[data-key]");
    if (row) open(row, false);
  }, { signal });
}
