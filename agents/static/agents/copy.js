// <platform-copy src="/agents/<id>/copy">: how the agent stands at its platform. A button with data-act="keep" posts to
// <src>/keep, and the answer, drawn by the server, takes the place of what was there.
import { wordAll } from "calls/when.js";

const WITHIN_MS = 150_000; // a platform is asked several times in a row
const WAITING_MS = 3_000; // between looks, while something is on its way
const MOST_LOOKS = 40;

class PlatformCopy extends HTMLElement {
  #busy = false;
  #looks = 0;
  #timer = 0;

  connectedCallback() {
    this.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-act]");
      if (button) this.#do(button);
    });
    this.#wait();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #do(button) {
    if (this.#busy) return;
    this.#busy = true;
    for (const one of this.querySelectorAll("button")) one.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      const response = await this.#ask(`/${button.dataset.act}`, "POST");
      if (response.headers.has("X-Version-Published")) return location.reload();
      this.#draw(await response.text());
      this.querySelector("[role=status], [role=alert]")?.setAttribute("tabindex", "-1");
      this.querySelector("[tabindex]")?.focus();
      this.#looks = 0;
      this.#wait();
    } catch {
      this.#fail(button);
    } finally {
      this.#busy = false;
    }
  }

  #fail(button) {
    for (const one of this.querySelectorAll("button")) one.disabled = false;
    button.removeAttribute("aria-busy");
    button.textContent = "That did not work. Try again";
  }

  // What is on its way arrives by itself.
  #wait() {
    clearTimeout(this.#timer);
    if (!this.querySelector("[data-waiting]") || this.#looks >= MOST_LOOKS) return;
    this.#looks += 1;
    this.#timer = setTimeout(async () => {
      try {
        const response = await this.#ask("", "GET");
        if (!this.#busy) this.#draw(await response.text());
      } catch {
        // The next look may succeed.
      }
      this.#wait();
    }, WAITING_MS);
  }

  async #ask(act, method) {
    const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
    const options = { method, headers: { Accept: "text/html", "X-CSRFToken": token } };
    const response = await fetch(this.getAttribute("src") + act, { ...options, signal: AbortSignal.timeout(WITHIN_MS) });
    if (!response.ok) throw new Error(`${response.status}`);
    return response;
  }

  #draw(html) {
    this.innerHTML = html;
    const pill = this.querySelector('[data-part="pill"]').content.firstElementChild;
    document.querySelector(`[data-drift-pill="${pill.dataset.driftPill}"]`)?.replaceWith(pill);
    wordAll(this);
  }
}

customElements.define("platform-copy", PlatformCopy);
