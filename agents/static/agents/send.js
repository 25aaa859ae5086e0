// An act on an agent, through the API.

const LONGEST_MS = 15_000;
const AWAY = "The server gave no answer. Nothing is lost; try again.";

// What the server answers: { ok, status, told }; `told` is what it said, { error: { message, details } } if it refused.
// status: 0 where it gave no answer.
export async function ask(method, address, csrf, body, more = {}) {
  try {
    const headers = { "content-type": "application/json", "x-csrftoken": csrf };
    const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(LONGEST_MS), ...more });
    return { ok: answer.ok, status: answer.status, told: await answer.json() };
  } catch {
    return { ok: false, status: 0, told: { error: { message: AWAY } } };
  }
}

// What went wrong, in words; "" if nothing did.
export async function send(address, csrf, body) {
  const { ok, told } = await ask("POST", address, csrf, body);
  return ok ? "" : told.error.message;
}
