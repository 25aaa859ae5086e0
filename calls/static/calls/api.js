// The JSON API on behalf of whoever is signed in. What goes wrong is an Error with words for people.

export async function api(method, path, body, { signal } = {}) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const headers = { Accept: "application/json", "X-CSRFToken": token, ...(body && { "Content-Type": "application/json" }) };
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, { method, headers, signal, ...(body && { body: JSON.stringify(body) }) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("Earshot could not be reached. Try again.", { cause: error });
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const { message, details } = told.error ?? {};
  const words = details?.length ? details.map(({ problem }) => `${problem[0].toUpperCase()}${problem.slice(1)}.`).join(" ") : message;
  throw Object.assign(new Error(words ?? `The server answered ${answer.status}.`), { status: answer.status });
}

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const calls = (count) => `${count.toLocaleString("en-GB")} call${count === 1 ? "" : "s"}`;
