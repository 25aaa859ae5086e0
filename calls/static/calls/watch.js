// A stream as pages use it: parts in order, resets among them, and the connection pill told how it goes.

import { clock } from "calls/geometry.js";
import { onRetry, setConnection } from "js/shell.js";
import { openStream } from "streaming/stream.js";

const TOO_SOON_MS = 10_000;

// onPart(part): parts of the stream and `data-reset`. as: what the stream is called on the connection that all tabs of
// this person share, if not by its own address. Returns {close()}.
export function watch(url, onPart, as = url) {
  const handlers = {
    part: onPart,
    reset: (data) => onPart({ type: "data-reset", data }),
    state: tell,
    end: () => tell({ name: "live", lag: null, since: performance.now(), log: true }),
    signIn: () => location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`),
    // The page itself says best why: gone, or no longer ours to see. Not again and again, should it say nothing.
    refused: () => performance.now() > TOO_SOON_MS && location.reload(),
  };
  const stream = openStream(url, handlers, { share: { who: document.querySelector('meta[name="viewer"]')?.content, as } });
  onRetry(() => stream.retry());
  return stream;
}

function tell({ name, lag, tries, received, since, log }) {
  const age = performance.now() - since;
  const lastAt = Date.now() - age;
  // The server answers, but hears no news itself.
  if (name === "live" && log === false) return setConnection("reconnecting", "live log", { lastAt });
  const detail = {
    live: lag === null ? "" : `${lag} ms`,
    reconnecting: tries ? `try ${tries}` : "",
    catching: received ? `${received} so far` : "",
    stale: clock(Math.floor(age)),
  }[name];
  setConnection(name, detail, { lagMs: lag ?? undefined, lastAt });
}
