// Tells the server what goes wrong in this page: errors, refusals of the content policy, streams that stall or drop.
// Comes first among the page's modules, and knows none of them.
//
// A report says what broke and where, never what is on the page. The same again is counted; a page's life has room
// for so many different ones; and what goes wrong in here is nobody's news.

const SEND_TO = "/api/v1/ui-errors";
const AT_ONCE = 20;
const MOST = 100; // different ones in a page's life, and one more
const REFILL_MS = 60_000; // after each of these: wall screens live for weeks
const KEEPALIVE_BYTES = 60_000; // what may outlive the page; browsers refuse more
const LINGER_MS = 1_000; // what belongs together goes together
const PAUSE_MS = 5_000;
const PATIENCE_MS = 8_000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST = { message: 500, source: 300, page: 300, stack: 4_096 };

const ask = window.fetch.bind(window);
const version = new URL(import.meta.url).pathname.split("/")[2] ?? "";
const waiting = new Map(); // what makes two reports the same → the report
let told = 0;
let timer = null;
let sending = false;
let isOver = false; // signed out, or the server wants none of it
let failures = 0;
let lastTrace = document.querySelector('meta[name="trace-id"]')?.content ?? "";

const cut = (text, most) => String(text ?? "").toWellFormed().slice(0, most).toWellFormed();
const pathOf = (address) => {
  try {
    const { protocol, origin, pathname } = new URL(address, location.href);
    if (!/^https?:$/.test(protocol)) return protocol; // the rest of `data:` may be anything
    return origin === location.origin ? pathname : origin + pathname;
  } catch {
    return "";
  }
};

function report(kind, { message = "", source = "", line = null, column = null, stack = "", detail = {}, again = null }) {
  if (isOver) return;
  const key = again ?? JSON.stringify([kind, message, source, line]);
  const same = waiting.get(key);
  if (same) {
    same.count += 1;
    return;
  }
  if (told >= MOST || waiting.size >= MOST) return;
  told += 1;
  waiting.set(key, {
    kind, line, column, detail, version,
    message: cut(message, LONGEST.message),
    source: cut(source, LONGEST.source),
    stack: cut(stack, LONGEST.stack),
    page: cut(location.pathname, LONGEST.page),
    last_trace_id: lastTrace,
    count: 1,
  });
  timer ??= setTimeout(send, LINGER_MS);
}

async function send({ leaving = false } = {}) {
  clearTimeout(timer);
  timer = null;
  if (!waiting.size || isOver || (sending && !leaving)) return;
  const batch = [...waiting.entries()].slice(0, AT_ONCE);
  for (const [key] of batch) waiting.delete(key);
  sending = true;
  const pause = await post(batch.map(([, one]) => one), leaving);
  sending = false;
  if (pause === null) isOver = true;
  else if (pause > 0) for (const [key, one] of batch) putBack(key, one);
  clearTimeout(timer); // what came meanwhile waits as long
  timer = waiting.size && !isOver ? setTimeout(send, pause || PAUSE_MS) : null;
}

function putBack(key, one) {
  one.count += waiting.get(key)?.count ?? 0; // it has happened again meanwhile
  waiting.set(key, one);
}

// 0: taken, or of no use to anybody. More: not now, try after so many ms. Null: never again.
async function post(reports, leaving) {
  let body = JSON.stringify({ reports });
  if (leaving && body.length > KEEPALIVE_BYTES) body = JSON.stringify({ reports: reports.map((one) => ({ ...one, stack: "" })) });
  try {
    const answer = await ask(SEND_TO, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") },
      body,
      keepalive: leaving,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    failures = 0;
    if (answer.ok) return 0;
    if (answer.status === 429) return Math.min(LONGEST_PAUSE_MS, 1_000 * (Number(answer.headers.get("retry-after")) || 30));
    if ([401, 403, 404].includes(answer.status)) return null;
    if (answer.status < 500) return 0;
  } catch {
    // No network, which is often what there is to tell of.
  }
  failures += 1;
  return Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** failures);
}

// --- What goes wrong ---

addEventListener("error", (event) => {
  if (!(event instanceof ErrorEvent)) return lost(event.target);
  const { message, filename, lineno, colno, error } = event;
  report("error", { message, source: pathOf(filename), line: lineno, column: colno, stack: error?.stack });
}, true);

// A script or style sheet that did not come. Its error does not bubble, hence the capture above.
function lost(element) {
  const source = element?.src || element?.href;
  if (source) report("error", { message: `${element.localName} could not be loaded`, source: pathOf(source) });
}

addEventListener("unhandledrejection", ({ reason }) => {
  const isError = reason instanceof Error || reason instanceof DOMException;
  // Anything else may be data.
  report("unhandledrejection", { message: isError ? `${reason.name}: ${reason.message}` : `a ${typeof reason}`, stack: isError ? reason.stack : "" });
});

addEventListener("securitypolicyviolation", (event) => {
  const blocked = event.blockedURI.includes(":") ? pathOf(event.blockedURI) : event.blockedURI; // else "inline", "eval"
  report("csp", {
    message: `${event.effectiveDirective} refused ${blocked}`,
    source: pathOf(event.sourceFile || location.href), line: event.lineNumber, column: event.columnNumber,
    detail: { directive: cut(event.effectiveDirective, 300), blocked: cut(blocked, 300) },
  });
});

// --- Streams: streaming/stream.js tells every change of state ---

const spells = new Map(); // stream → { since, tries, isStale } while it is not well

addEventListener("stream:state", ({ detail: { url, name, tries, since, trace } }) => {
  seen(trace);
  const source = pathOf(url);
  const spell = spells.get(url) ?? { since, tries: 0, isStale: false };
  if (name === "live" || name === "catching") {
    if (!spells.delete(url)) return;
    const ms = Math.round(performance.now() - spell.since);
    report("reconnect", { message: "the stream came back", source, detail: { ms, tries: spell.tries, stalled: spell.isStale }, again: `reconnect ${url} ${told}` });
    return;
  }
  spells.set(url, spell);
  spell.tries = Math.max(spell.tries, tries);
  if (name !== "stale" || spell.isStale) return;
  spell.isStale = true;
  report("stall", { message: "no sign of life", source, detail: { ms: Math.round(performance.now() - spell.since), tries: spell.tries } });
});

// --- The last trace id the page has seen ---

const seen = (trace) => { if (/^[0-9a-f]{32}$/.test(trace ?? "")) lastTrace = trace; };

window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  seen(answer.headers.get("x-trace-id"));
  return answer;
};
document.addEventListener("htmx:afterRequest", ({ detail }) => seen(detail.xhr?.getResponseHeader("x-trace-id")));

setInterval(() => { told = Math.max(0, told - 1); }, REFILL_MS);
addEventListener("pagehide", () => send({ leaving: true }));
document.addEventListener("visibilitychange", () => document.hidden && send({ leaving: true }));
