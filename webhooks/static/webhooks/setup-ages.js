// <time data-age datetime> says how long ago that is, second by second: "12 s", "3 min", "5 h", "2 days".

const STEPS = [[120, 1, "s"], [7_200, 60, "min"], [172_800, 3_600, "h"], [Infinity, 86_400, "days"]];

export function age(seconds) {
  const [, unit, word] = STEPS.find(([below]) => seconds < below);
  return `${Math.floor(seconds / unit)} ${word}`;
}

export function tickAges(root = document) {
  for (const time of root.querySelectorAll("time[data-age]")) {
    const text = age(Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1_000)));
    if (time.textContent !== text) time.textContent = text;
  }
}

tickAges();
setInterval(tickAges, 1_000, document);
