// Rows that are picked: by their boxes, a stretch of them with Shift, all of the page, or all the list has.
// What is done to them can be undone for as long as the page says so.

import { api, calls, zone } from "calls/api.js";
import { toast } from "js/toast.js";

const bar = document.querySelector("[data-picked-bar]");
const everybody = document.querySelector("[data-pick-all]");
const boxes = [...document.querySelectorAll("[data-pick]")];
const tagsOf = (box) => JSON.parse(box.dataset.tags);
const MOST_NAMED = 1_000; // in one request
let whole = false; // all that the list has, of which the page shows a part
let last = null; // the box pressed last, where a stretch begins

const picked = () => boxes.filter((box) => box.checked);

function draw() {
  const some = picked();
  if (some.length < boxes.length) whole = false;
  for (const box of boxes) box.closest(".hit-row").toggleAttribute("data-picked", box.checked);
  everybody.checked = some.length === boxes.length;
  everybody.indeterminate = some.length > 0 && some.length < boxes.length;
  bar.hidden = some.length === 0;
  bar.querySelector("[data-count]").textContent = whole ? `All ${bar.dataset.all}` : calls(some.length);
  const more = bar.querySelector("[data-pick-whole]");
  if (more) more.hidden = whole || some.length < boxes.length;
}

document.querySelector(".table")?.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick]");
  if (!box) return;
  if (event.shiftKey && last) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  draw();
});

everybody?.addEventListener("change", () => {
  for (const box of boxes) box.checked = everybody.checked;
  draw();
});

const meant = () => (whole ? { filter: bar.dataset.query, tz: zone } : { calls: picked().map(({ value }) => value) });

async function tell(work) {
  for (const button of bar.querySelectorAll("button")) button.disabled = true;
  try {
    await work();
  } catch (error) {
    toast(error.message, { tone: "danger" });
  } finally {
    for (const button of bar.querySelectorAll("button")) button.disabled = false;
  }
}

// The rows say so at once. Those that had it before, or had none to lose, are left alone by Undo.
function mark(some, act, tag) {
  for (const box of some) {
    const others = tagsOf(box).filter((one) => one !== tag);
    const now = act === "add" ? [...others, tag].sort() : others;
    box.dataset.tags = JSON.stringify(now);
    box.closest(".hit-row").querySelector(".c-tags")?.replaceChildren(...now.map((one) => Object.assign(document.createElement("span"), { className: "tag", textContent: one })));
  }
}

async function tagAll(act, tag) {
  const { changed, touched, full } = await api("POST", "calls/tags", { [act]: [tag], ...meant() });
  const are = new Set(touched);
  const drawn = boxes.filter(({ value }) => are.has(value));
  mark(drawn, act, tag);
  const left = full ? ` ${calls(full)} had too many already.` : "";
  const back = act === "add" ? "remove" : "add";
  const undo = touched.length && {
    text: "Undo",
    run: () => tell(async () => {
      for (let from = 0; from < touched.length; from += MOST_NAMED) {
        await api("POST", "calls/tags", { [back]: [tag], calls: touched.slice(from, from + MOST_NAMED) });
      }
      mark(drawn, back, tag);
      toast(`“${tag}” is as it was.`);
    }),
  };
  toast(`“${tag}” ${act === "add" ? "put on" : "taken off"} ${calls(changed)}.${left}`, undo ? { act: undo } : {});
}

bar?.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.tag;
  const tag = field.value.trim().toLowerCase();
  if (!tag) return field.focus();
  return tell(async () => {
    await tagAll(event.submitter?.value === "remove" ? "remove" : "add", tag);
    field.value = "";
  });
});

let asking = null;
bar?.querySelector("input[name=tag]").addEventListener("input", async ({ target }) => {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  try {
    const { items } = await api("GET", `tags?limit=12&q=${encodeURIComponent(target.value.trim())}`, undefined, { signal });
    document.getElementById("known-tags").replaceChildren(...items.map(({ tag, calls: on }) => new Option(calls(on), tag)));
  } catch (error) {
    if (error.name !== "AbortError") console.info(`no tags to offer: ${error.message}`); // it can be typed all the same
  }
});

bar?.addEventListener("click", ({ target }) => {
  if (target.closest("[data-pick-whole]")) {
    whole = true;
    draw();
  } else if (target.closest("[data-pick-none]")) {
    for (const box of boxes) box.checked = false;
    draw();
  } else if (target.closest("[data-put-up]")) {
    tell(async () => {
      const { items, more } = await api("POST", "reviews", meant());
      const left = more ? ` Only the newest are put up at once: ${calls(more)} more match.` : "";
      toast(`${calls(items.length)} put up for review.${left}`, { act: { text: "Reviews", href: bar.dataset.reviews } });
    });
  }
});

if (bar) draw(); // a browser that comes back has kept the boxes
