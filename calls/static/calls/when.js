// Times, worded in the reader's own zone. The server sends <time datetime> with UTC words inside, for when we cannot.

const FORMATS = {
  minute: { hour: "2-digit", minute: "2-digit" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  date: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
};
const locale = document.documentElement.lang || undefined;
const formats = Object.fromEntries(
  Object.entries(FORMATS).map(([name, options]) => [name, new Intl.DateTimeFormat(locale, { ...options, hourCycle: "h23" })]),
);

// "row" is a minute today and a date before that; "stamp" a second.
const TODAY = { row: "minute", stamp: "second" };

function formatOf(name, at) {
  if (!(name in TODAY)) return formats[name];
  return formats[at.toDateString() === new Date().toDateString() ? TODAY[name] : "date"];
}

export function word(time) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const text = formatOf(time.dataset.when, at).format(at);
  if (time.textContent !== text) time.textContent = text;
  if (!time.title) time.title = at.toLocaleString(locale);
}

export const wordAll = (root = document) => root.querySelectorAll("time[data-when]").forEach(word);

wordAll();
