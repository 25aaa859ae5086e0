// Which columns, and in what order: by dragging, or by Alt with the arrows.

const form = document.querySelector("[data-column-form]");
const list = form?.querySelector(".column-list");
const said = form?.querySelector("[data-said]");

// "Mood is now third of nine." is what somebody hears who cannot see it move.
function move(item, step) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other?.draggable) return; // the first stays where it is
  if (step < 0) other.before(item);
  else other.after(item);
  const place = [...list.children].indexOf(item) + 1;
  said.textContent = `${item.querySelector("span").textContent} is now ${place} of ${list.children.length}.`;
}

list?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  move(button.closest("li"), Number(button.dataset.move));
  button.focus();
});

list?.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const item = event.target.closest("li[draggable]");
  if (!event.altKey || !step || !item) return;
  event.preventDefault();
  move(item, step);
  event.target.focus();
});

let dragged = null;
list?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("li");
  event.dataTransfer.effectAllowed = "move";
});
list?.addEventListener("dragover", (event) => {
  const over = event.target.closest("li[draggable]");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (event.clientY < top + height / 2) over.before(dragged);
  else over.after(dragged);
});
list?.addEventListener("drop", (event) => event.preventDefault());
list?.addEventListener("dragend", () => (dragged = null));

form?.querySelector("[data-usual-columns]").addEventListener("click", () => go(form.dataset.usual.split(",")));
form?.addEventListener("submit", () => {
  go([...list.children].filter((item) => item.querySelector("input").checked).map((item) => item.dataset.column));
});

function go(names) {
  const address = new URLSearchParams(form.dataset.query);
  if (names.join() !== form.dataset.usual) address.set("columns", names.join());
  location.search = address.toString();
}
