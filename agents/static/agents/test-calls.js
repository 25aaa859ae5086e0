// The dialog that takes a test from one of the agent's recent calls.
import { clock } from "calls/geometry.js";
import { word } from "calls/when.js";
import { ask } from "agents/send.js";

const SHOWN = 20;

// made: is told the test.
export async function pickCall({ agent, csrf }, made) {
  const dialog = document.getElementById("from-call");
  const say = (text) => (dialog.querySelector('[data-part="said"]').textContent = text);
  const list = dialog.querySelector('[data-part="calls"]');
  list.replaceChildren();
  say("Looking for calls …");
  dialog.showModal();
  const { ok, told } = await ask("GET", `/api/v1/calls?agent=${agent.id}&status=ended&limit=${SHOWN}`, csrf);
  if (!ok) return say(told.error.message);
  const calls = told.items.filter(({ turn_count: turns }) => turns);
  say(calls.length ? "" : `${agent.name} has had no calls with words yet.`);
  list.replaceChildren(...calls.map((call) => row(dialog, call)));
  list.onclick = async ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    say("Making a test of it …");
    const answer = await ask("POST", `/api/v1/calls/${button.dataset.call}/test`, csrf, {});
    if (!answer.ok) return say(answer.told.error.details?.[0].problem ?? answer.told.error.message);
    dialog.close();
    made(answer.told);
  };
}

function row(dialog, call) {
  const node = dialog.querySelector("template").content.firstElementChild.cloneNode(true);
  node.querySelector("button").dataset.call = call.id;
  const time = node.querySelector("time");
  time.dateTime = call.started_at;
  word(time);
  const set = (part, text) => (node.querySelector(`[data-part="${part}"]`).textContent = text);
  set("who", call.from_number ?? call.to_number ?? "Web caller");
  set("facts", [call.duration_ms === null ? "" : clock(call.duration_ms), `${call.turn_count} turns`].filter(Boolean).join(", "));
  set("summary", call.summary ?? "");
  return node;
}
