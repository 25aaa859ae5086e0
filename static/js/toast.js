// A few words at the foot of the page, which go by themselves.

const SHOWN_MS = 8_000;

// act: { text, href } or { text, run }, or nothing. Whoever points at it, or is in it, keeps it there. One that
// `stays` does so until the next, and is answered, to have its words changed: it says how far something is.
export function toast(words, { act, tone = "ok", stays = false } = {}) {
  const shown = document.querySelector("template[data-toast]").content.firstElementChild.cloneNode(true);
  shown.dataset.tone = tone;
  shown.querySelector("span").textContent = words;
  const use = shown.querySelector("use"); // of the first, which says how it went
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, tone === "ok" ? "#check" : "#alert"));
  const link = shown.querySelector("a");
  link.hidden = !act;
  if (act) Object.assign(link, { href: act.href ?? "#", textContent: act.text });
  if (act?.run) link.role = "button";
  const go = () => (shown.matches(":hover, :focus-within") ? setTimeout(go, SHOWN_MS) : shown.remove());
  shown.querySelector("button").addEventListener("click", () => shown.remove());
  link.addEventListener("click", (event) => {
    shown.remove();
    if (!act.run) return;
    event.preventDefault();
    act.run();
  });
  if (stays) shown.ariaLive = "off"; // nobody wants to hear every number
  document.querySelector("[data-toasts]").replaceChildren(shown);
  if (!stays) setTimeout(go, SHOWN_MS);
  return shown;
}
