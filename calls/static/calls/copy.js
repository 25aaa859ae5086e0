// <button data-copy="text"> copies that text and says so for a moment.

const SAID_MS = 1_500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say(button, "Copied");
  } catch {
    say(button, "Copying is off in this browser");
  }
});

function say(button, text) {
  const words = button.querySelector("span:not(.i)") ?? (button.querySelector("svg") ? null : button);
  const title = button.title;
  button.title = text;
  const before = words?.textContent;
  if (words) words.textContent = text;
  setTimeout(() => {
    button.title = title;
    if (words) words.textContent = before;
  }, SAID_MS);
}
