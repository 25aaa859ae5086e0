// The queue of reviews: J and K walk it, T takes one or gives it back, a list says who has it.

import { ask } from "agents/send.js";
import "calls/ago.js";
import "calls/when.js";
import { keysOn } from "js/keys.js";
import { toast } from "js/toast.js";

const queue = document.querySelector("[data-queue]");
const { me, csrf } = queue.dataset;

document.addEventListener("keydown", (event) => {
  if (!keysOn() || event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input, textarea, select, dialog, [popover]")) return;
  const rows = [...queue.querySelectorAll(".queue-row")];
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const step = { j: 1, k: -1 }[event.key];
  if (step && rows.length) focusOn(rows[now < 0 ? 0 : Math.min(Math.max(now + step, 0), rows.length - 1)]);
  else if (event.key === "t" && now >= 0) rows[now].querySelector('[data-act="take"]')?.click();
});

queue.addEventListener("click", ({ target }) => {
  const row = target.closest('[data-act="take"]')?.closest(".queue-row");
  if (row) give(row, row.dataset.with === me ? "" : me);
});
queue.addEventListener("change", ({ target }) => target.dataset.act === "assign" && give(target.closest(".queue-row"), target.value));

function focusOn(row) {
  row.querySelector(".row-link").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

// Only if it still is whose the page says: of two who take one review the second is told.
async function give(row, to) {
  if (row.ariaBusy === "true") return;
  row.ariaBusy = "true";
  const was = row.dataset.with;
  const { ok, status, told } = await ask("PATCH", `/api/v1/reviews/${row.dataset.review}`, csrf, { assign_to: to || null, if_assigned_to: was || null });
  row.ariaBusy = null;
  if (ok) return show(row, told);
  toast(told.error.details?.[0].problem ?? told.error.message, { tone: "warn" });
  show(row, { assigned_to: was ? { id: was } : null });
  if (status !== 409) return;
  const now = await ask("GET", `/api/v1/reviews/${row.dataset.review}`, csrf);
  if (now.ok) show(row, now.told);
}

function show(row, { assigned_to, done_at }) {
  const id = assigned_to?.id ?? "";
  row.dataset.with = id;
  const list = row.querySelector("select");
  if (![...list.options].some(({ value }) => value === id)) list.add(new Option(assigned_to.name, id));
  list.value = id;
  const take = row.querySelector('[data-act="take"]');
  take.textContent = id === me ? "Release" : "Take";
  if (!done_at) return;
  take.disabled = list.disabled = true;
  row.classList.add("is-done");
}
