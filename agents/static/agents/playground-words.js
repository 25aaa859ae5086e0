// What the playground says: of answers that did not come, and of those that did.

const AGAIN = "Say it again.";
export const ERRORS = {
  timeout: { why: "The model took too long.", next: AGAIN },
  connection: { why: "The model could not be reached.", next: AGAIN },
  lost: { why: "The connection broke.", next: "The answer may be there all the same: reload to see." },
  rate_limited: { why: "The model was asked too often.", next: "Wait a moment, then say it again." },
  overloaded: { why: "The model is overloaded.", next: "Wait a moment, then say it again." },
  auth: { why: "The model refused our key.", next: "An admin can mend it in Settings." },
  content_filter: { why: "The model would not answer this.", next: "Put it in other words." },
  context_length: { why: "The conversation is too long for the model.", next: "Start over." },
  budget_exceeded: { why: "The budget is used up.", next: "An admin can raise it in Settings." },
  internal: { why: "Something went wrong on our side.", next: AGAIN },
};
const REFUSED = {
  all_models_unavailable: "No model is available right now. Try again in a minute, or choose other models.",
  answer_running: "An answer is still coming. Wait for it, or stop it.",
  conflict: "This conversation has gone on somewhere else. Reload to see it.",
  forbidden: "Somebody else began this conversation. Start over to have your own.",
  rate_limited: "That was too many messages in a minute. Wait a moment.",
};

export const refusal = ({ code, message }) => REFUSED[code] ?? (message && message !== "no answer" ? message : "The server gave no answer. Nothing is lost; try again.");

const SLOW_MS = 1_500;
const LONGEST = 60; // words that a caller follows by ear
export const wordsOf = (text) => text.split(/\s+/).filter(Boolean).length;

// Of the newest answer and the rules, few and sure: [{ icon, tone, text }].
export function remarks(firings, { firstMs, text }, isVoice) {
  const told = firings.map(({ name, sentence, turn }) => ({ icon: "flag", tone: "danger", text: `Rule fired: ${name || sentence}${turn ? `, on turn ${turn}` : ""}` }));
  if (!told.length) told.push({ icon: "check", tone: "ok", text: "No rule fired" });
  if (firstMs > SLOW_MS) told.push({ icon: "alert", tone: "warn", text: `First word after ${(firstMs / 1000).toFixed(1)} s, callers wait 1.5 s` });
  const words = wordsOf(text);
  if (isVoice && words > LONGEST) told.push({ icon: "alert", tone: "warn", text: `${words} words are long to hear, the limit is ${LONGEST}` });
  return told;
}
