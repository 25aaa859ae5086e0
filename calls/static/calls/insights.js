// Insights: charts as tables and back, the arrow keys in a chart, and a form that needs no button.
import { wordAll } from "calls/when.js";

const form = document.querySelector(".ins-asked");
const all = document.querySelector("[data-flip]");
const charts = [...document.querySelectorAll("[data-chart]")];

function flip(chart, asTable) {
  for (const view of chart.querySelectorAll("[data-view]")) view.hidden = (view.dataset.view === "table") !== asTable;
  chart.querySelector("[data-flip-one]").ariaPressed = String(asTable);
}

const isTable = (chart) => chart.querySelector("[data-flip-one]").ariaPressed === "true";

// The button of all is pressed when each is a table.
const sum = () => {
  all.ariaPressed = String(charts.length > 0 && charts.every(isTable));
  const address = new URL(location.href);
  if (all.ariaPressed === "true") address.searchParams.set("view", "table");
  else address.searchParams.delete("view");
  history.replaceState(history.state, "", address);
  form.elements.view.disabled = all.ariaPressed !== "true";
};

all.addEventListener("click", () => {
  const asTable = all.ariaPressed !== "true";
  for (const chart of charts) flip(chart, asTable);
  sum();
});

for (const chart of charts) {
  chart.querySelector("[data-flip-one]").addEventListener("click", () => {
    flip(chart, !isTable(chart));
    sum();
  });
  chart.addEventListener("keydown", walk);
}

// One of a chart's columns is in the order of the Tab key; the arrows go on from it.
function walk(event) {
  const at = event.target.closest("svg a");
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (!at || event.altKey || event.metaKey || event.ctrlKey) return;
  const columns = [...at.parentNode.querySelectorAll("a")];
  const ends = { Home: 0, End: columns.length - 1 };
  const next = columns[event.key in ends ? ends[event.key] : columns.indexOf(at) + steps[event.key]];
  if (!next) return;
  event.preventDefault();
  at.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

form.addEventListener("change", ({ target }) => {
  const days = form.querySelector(".ins-days");
  if (target.name === "when") {
    const own = target.value === "range";
    days.hidden = !own;
    for (const day of days.querySelectorAll("input")) day.disabled = !own;
  }
  // Of another agent there are other versions.
  if (target.name === "agent") form.elements.version.value = "";
  if (form.elements.when.value !== "range") form.requestSubmit();
});

wordAll();
