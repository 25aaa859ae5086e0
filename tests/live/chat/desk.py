"""A chat page in Chromium: an operator at it, what they type, and how it looks to them."""

from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page, expect

WATCHED = """
  window.broke = [];
  addEventListener('securitypolicyviolation', (event) => window.broke.push(event.violatedDirective));
"""


@dataclass
class Desk:
    """An operator at a browser, and what their browser complained about."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str = "/chat/") -> Page:
        page = await self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        await page.add_init_script(WATCHED)
        await page.goto(self.url + path)
        return page

    def _note(self, message) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def settled(page: Page, answers: int) -> None:
    await expect(page.locator('.answer:not([data-state="streaming"])')).to_have_count(answers)
    await expect(page.locator('chat-page[data-state="ready"]')).to_be_visible()


async def shown(page: Page) -> str:
    """All messages, without what only the last of them has, and without how long the first word took."""
    return await page.evaluate(
        """() => {
          const list = document.querySelector('[data-part="messages"]').cloneNode(true);
          const passing = '[data-act], [data-part="first"], [data-part="state"], .turn-n, template';
          for (const one of list.querySelectorAll(passing)) one.remove();
          for (const one of list.querySelectorAll('*')) for (const { name } of [...one.attributes])
            if (['title', 'hidden', 'data-copy'].includes(name)) one.removeAttribute(name);
          const html = list.innerHTML.replace(/>\\s+</g, '><').replace(/ class=""/g, '');
          return html.replace(/\\s+/g, ' ').trim();
        }"""
    )


async def chat_of(page: Page) -> str:
    return await page.locator(".chats-link[aria-current]").evaluate(
        "(link) => link.closest('li').dataset.chat"
    )
