// An act on an agent, through the API.

const LONGEST_MS = 15_000;

// What went wrong, in words; "" if nothing did.
export async function send(address, csrf, body) {
  try {
    const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json", "x-csrftoken": csrf }, body: JSON.stringify(body), signal: AbortSignal.timeout(LONGEST_MS) });
    if (answer.ok) return "";
    return (await answer.json()).error.message;
  } catch {
    return "The server gave no answer. Nothing is lost; try again.";
  }
}
