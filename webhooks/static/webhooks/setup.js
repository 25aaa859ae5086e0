// Settings → Connections. Everything works by attributes:
//   data-poll="/address" data-every="2000"   asks for newer parts while the page is in sight
//   data-live="version" (with an id)         such a part; it is put in place when its version is another
//   data-swap="id" (on a form)               sends the form and puts that element of the answer in its place
//   data-busy="Sending…"                     what the form's button says meanwhile
//   data-open (on a dialog)                  is open from the start: what was typed in it has to be mended
//   data-new-name="id" (on a select)         that field is for its option "new" only
import "calls/copy.js";
import { wordAll } from "calls/when.js";
import { tickAges } from "webhooks/setup-ages.js";

const LONGEST_MS = 15_000;

async function page(address, options = {}) {
  const response = await fetch(address, { ...options, headers: { Accept: "text/html" }, signal: AbortSignal.timeout(LONGEST_MS) });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function put(fresh, shown) {
  shown.replaceWith(fresh);
  wordAll(fresh.parentElement);
  tickAges(fresh);
}

// --- Parts that change by themselves ---------------------------------------------------------------------

async function refresh(root) {
  const asked = await page(root.dataset.poll);
  let found = 0;
  for (const fresh of asked.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(fresh.id);
    if (!shown) continue;
    found += 1;
    if (shown.dataset.live !== fresh.dataset.live) put(fresh, shown);
  }
  if (!found) throw new Error("no part of this page came back"); // signed out, or the connection is gone
}

function poll(root) {
  let timer = 0;
  let asking = false;
  const look = async () => {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    try {
      await refresh(root);
    } catch {
      // What stands there stays, and says that it grows old; the next look may succeed.
      for (const word of root.querySelectorAll("[data-checked]")) word.textContent = "Out of reach since";
    }
    asking = false;
    timer = setTimeout(look, Number(root.dataset.every));
  };
  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, Number(root.dataset.every));
}

// --- Forms that answer in place --------------------------------------------------------------------------

async function swap(form) {
  const button = form.querySelector("button:not([type=button])");
  const words = button.querySelector("span");
  const before = words?.textContent;
  button.ariaDisabled = "true";
  if (words && form.dataset.busy) words.textContent = form.dataset.busy;
  try {
    const answer = await page(form.action, { method: "POST", body: new FormData(form) });
    const fresh = answer.getElementById(form.dataset.swap);
    if (!fresh) throw new Error("the answer is another page");
    put(fresh, document.getElementById(form.dataset.swap));
  } catch {
    form.submit(); // whatever it was, the browser shows it
    return;
  }
  button.ariaDisabled = null;
  if (words) words.textContent = before;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.swap) return;
  event.preventDefault();
  if (form.querySelector("button:not([type=button])").ariaDisabled !== "true") swap(form);
});

// --- From the start --------------------------------------------------------------------------------------

for (const root of document.querySelectorAll("[data-poll]")) poll(root);
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
for (const select of document.querySelectorAll("select[data-new-name]")) {
  const field = document.getElementById(select.dataset.newName);
  const show = () => {
    field.closest(".field").hidden = select.value !== "new";
    field.required = select.value === "new";
  };
  select.addEventListener("change", show);
  show();
}

// Of sections in a row, which a phone shows a part of, the one that is open.
const section = document.querySelector(".set-nav [aria-current]");
if (section) section.parentElement.scrollLeft += section.getBoundingClientRect().left - section.parentElement.getBoundingClientRect().left - 16;
