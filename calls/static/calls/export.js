// A list as a file: asked for here, made by a task, and handed over once it is there.

import { api, calls, zone } from "calls/api.js";
import { toast } from "js/toast.js";

const ASKED_EVERY_MS = 700;
const MOST_FAILED = 8; // in a row, each waited for longer: a minute and a half
const dialog = document.getElementById("export");
const form = dialog?.querySelector("form");
const waited = (ms) => new Promise((go) => setTimeout(go, ms));

form?.addEventListener("submit", () => {
  const { format, turns } = form.elements;
  run({ query: form.dataset.query, format: format.value, turns: turns?.checked ?? false, tz: zone });
});

async function run(asked) {
  try {
    let made = await api("POST", "exports", asked);
    const stop = { text: "Stop", run: () => api("POST", `exports/${made.id}/stop`).catch((error) => toast(error.message, { tone: "danger" })) };
    const shown = toast("The export is being made.", { act: stop, stays: true });
    while (["waiting", "running"].includes(made.status)) {
      made = await news(made.id);
      shown.querySelector("span").textContent = `Export: ${made.done.toLocaleString("en-GB")} of about ${calls(made.about)}.`;
    }
    finish(made);
  } catch (error) {
    toast(`The export did not come about: ${error.message}`, { tone: "danger" });
  }
}

// How far it is, asked for while somebody looks. It is made whether or not we hear of it, so a question that failed is
// asked again.
async function news(id) {
  for (let failed = 0; ; failed++) {
    await waited(ASKED_EVERY_MS * 2 ** Math.min(failed, 5));
    await isLookedAt();
    try {
      return await api("GET", `exports/${id}`);
    } catch (error) {
      if (failed >= MOST_FAILED || (error.status < 500 && error.status !== 429)) throw error;
    }
  }
}

const isLookedAt = () =>
  new Promise((go) => {
    if (!document.hidden) return go();
    return document.addEventListener("visibilitychange", () => go(), { once: true });
  });

function finish({ status, file, done, error }) {
  if (status === "stopped") return toast("The export was stopped.");
  if (status !== "done") return toast(error ?? "The export failed.", { tone: "danger" });
  const link = Object.assign(document.createElement("a"), { href: file, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
  return toast(`The export of ${calls(done)} is ready.`, { act: { text: "Download", href: file } });
}
