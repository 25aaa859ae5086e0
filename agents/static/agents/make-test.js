// A test made from a conversation: a call's, or one of the playground.
import { ask } from "agents/send.js";
import { toast } from "js/toast.js";

// turn: the last that is taken; none: all of them. Answers the test, or null: then it has been said why not.
export async function makeTest(call, csrf, turn) {
  const { ok, told } = await ask("POST", `/api/v1/calls/${call}/test`, csrf, turn ? { turn } : {});
  if (ok) toast(`“${told.name}” is a test now. It checks nothing yet.`, { act: { text: "Open it", href: `/agents/${told.agent}/#test-${told.id}` } });
  else toast(told.error.details?.[0].problem ?? told.error.message, { tone: "warn" });
  return ok ? told : null;
}
