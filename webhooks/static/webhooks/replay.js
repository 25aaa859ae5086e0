// Having deliveries applied again: one, those chosen, or all that the list finds. First it is counted, then asked.
import { toast } from "js/toast.js";
import { refresh } from "webhooks/refresh.js";

const LONGEST_MS = 60_000;

const root = document.querySelector(".dlv");
const dialog = document.getElementById("replay");
const many = document.querySelector("[data-replay-many]");
const all = document.querySelector("[data-pick-all]");
const boxes = () => [...document.querySelectorAll(".hit-row input[type=checkbox]")];
const picked = () => boxes().filter((box) => box.checked).map((box) => box.value);
const before = many?.querySelector("span").textContent;
let lastPicked = null;
let wanted = null; // what the dialog is about: pairs of a form

const deliveries = (count) => `${count.toLocaleString("en-GB")} deliver${count === 1 ? "y" : "ies"}`;
const calls = (count) => (count ? ` of ${count.toLocaleString("en-GB")} call${count === 1 ? "" : "s"}` : "");

// --- Choosing --------------------------------------------------------------------------------------------

function recount() {
  const count = picked().length;
  if (many) many.querySelector("span").textContent = count ? `Replay ${count} selected` : before;
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
}

function pick(event) {
  const box = event.target.closest(".hit-row input[type=checkbox]");
  if (box) {
    const those = boxes();
    if (event.shiftKey && lastPicked?.isConnected) {
      const [from, to] = [those.indexOf(lastPicked), those.indexOf(box)].sort((a, b) => a - b);
      for (const one of those.slice(from, to + 1)) one.checked = box.checked;
    }
    lastPicked = box;
    recount();
  } else if (all && event.target === all) {
    for (const one of boxes()) one.checked = all.checked;
    recount();
  }
}

// --- Asking ----------------------------------------------------------------------------------------------

async function send(pairs) {
  const headers = { Accept: "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  const response = await fetch(root.dataset.replay, {
    method: "POST", headers, body: new URLSearchParams(pairs), signal: AbortSignal.timeout(LONGEST_MS),
  });
  const told = await response.json();
  if (!response.ok) throw new Error(told.error.message, { cause: "told" });
  return told;
}

function say(part, words) {
  const shown = dialog.querySelector(`[data-part="${part}"]`);
  shown.textContent = words;
  shown.hidden = !words;
}

function ready(words) {
  const go = dialog.querySelector('[data-part="go"]');
  go.textContent = words || "Replay";
  go.ariaDisabled = words ? null : "true";
}

const failed = (error) => (error.cause === "told" ? error.message : "Earshot did not answer. Nothing is known to have been replayed. Try again.");

async function ask(pairs) {
  wanted = null;
  say("title", "Replay");
  say("says", "Counting…");
  say("more", "");
  ready("");
  dialog.showModal();
  try {
    const told = await send([...pairs, ["dry_run", "1"]]);
    const gone = told.erased ? ` ${deliveries(told.erased)} cannot be replayed: the body was erased.` : "";
    if (!told.deliveries) {
      say("says", `There is nothing to replay.${gone}`);
      return;
    }
    wanted = [...pairs, ["upto", told.upto]];
    say("title", `Replay ${deliveries(told.deliveries)}?`);
    say("says", `${deliveries(told.deliveries)}${calls(told.calls)} would be applied again. Nothing changes for calls already complete.${gone}`);
    say("more", "This cannot be undone. Each keeps its place in the list and says Replayed.");
    ready(`Replay ${deliveries(told.deliveries)}`);
  } catch (error) {
    say("says", failed(error));
  }
}

async function go() {
  if (!wanted) return;
  const pairs = wanted;
  wanted = null;
  ready("");
  say("says", "Replaying…");
  try {
    const told = await send(pairs);
    dialog.close();
    for (const box of boxes()) box.checked = false;
    recount();
    toast(`${deliveries(told.deliveries)} will be applied again. The verdicts follow here.`);
    refresh();
  } catch (error) {
    say("says", failed(error));
  }
}

// --- Pressed ---------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  pick(event);
  const button = event.target.closest("button");
  if (!button || !dialog) return;
  if (button.dataset.replayOne) ask([["id", button.dataset.replayOne]]);
  if (button === many) {
    const ids = picked();
    ask(ids.length ? ids.map((id) => ["id", id]) : [["all", "1"], ["query", root.dataset.query]]);
  }
  if (button.dataset.part === "go") go();
});
recount(); // a browser may keep what was ticked when it comes back to a page
