// How a test went: each check in words with its reason, and what was said, with what failed marked at its turn.
import { worded } from "agents/test-checks.js";
import { said } from "agents/test-talk.js";
import { setIcon } from "calls/transcript.js";

const MARKS = new Map([[true, ["check", "ok", "Passed"]], [false, ["x", "danger", "Failed"]], [null, ["alert", "warn", "Not judged"]]]);

// place: the section of a test's form. result: as the API has it. over: what it was run over.
export function drawResult(place, result, over, blank) {
  const part = (name) => place.querySelector(`[data-part="${name}"]`);
  place.hidden = !result;
  if (!result) return;
  part("last-over").textContent = over;
  part("error").hidden = !result.error;
  part("error").textContent = result.error ?? "";
  part("verdict-rows").hidden = !result.checks.length;
  part("verdict-rows").replaceChildren(...result.checks.map((check) => row(check, blank)));
  const turns = result.transcript.map((entry) => said(entry, blank));
  for (const check of result.checks) if (check.ok === false) mark(turns[check.at ?? turns.length - 1], check, blank);
  part("transcript").replaceChildren(...turns);
}

function row(check, blank) {
  const node = blank("verdict");
  const [icon, tone, word] = MARKS.get(check.ok ?? null);
  node.dataset.tone = tone;
  setIcon(node.querySelector("use"), icon);
  node.querySelector('[data-part="word"]').textContent = word;
  node.querySelector('[data-part="said"]').textContent = worded(check);
  node.querySelector('[data-part="reason"]').textContent = check.reason ?? "";
  return node;
}

function mark(turn, check, blank) {
  if (!turn) return;
  turn.setAttribute("data-failed", "");
  const note = blank("failed");
  note.querySelector("span").textContent = worded(check);
  turn.append(note);
}
