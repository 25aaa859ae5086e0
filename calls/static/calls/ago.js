// <time data-ago datetime="…">: how long ago that was, with the moment itself as its title. Reworded every half a minute.

const EVERY_MS = 30_000;
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
const locale = document.documentElement.lang || undefined;
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

export function ago(at, now = Date.now()) {
  let age = Math.max(0, now - at) / 1000;
  if (age < 45) return "just now";
  for (const [unit, size] of STEPS) {
    if (Math.round(age) < size) return relative.format(-Math.round(age), unit);
    age /= size;
  }
  return "";
}

export function wordAgo(root = document) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = ago(at.getTime());
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = at.toLocaleString(locale);
  }
}

wordAgo();
setInterval(wordAgo, EVERY_MS);
