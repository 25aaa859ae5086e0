// A button beside a password field that shows what was typed. Without JavaScript there is no button.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.ariaPressed = String(shown);
    field.focus();
  });
}
