"""What is on a page, as plain values to compare."""

from playwright.sync_api import Page

# Every turn as it stands: its number, who, in what state, and each of its words.
TRANSCRIPT = """() => [...document.querySelectorAll('.turns > .turn')].map((turn) => {
  const read = (part) => turn.querySelector(`[data-part="${part}"]`)?.textContent ?? null;
  const parts = ['text', 'unheard', 'name', 'input', 'output', 'reply', 'model', 'error'];
  return [turn.id, turn.dataset.role, turn.dataset.state, ...parts.map(read)];
})"""

# The same as markup, whatever the order of attributes and the white space of templates.
MARKUP = """() => {
  const told = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? node.data : '';
    if (node.nodeType !== Node.ELEMENT_NODE) return '';
    const attributes = [...node.attributes]
      .filter(({ name, value }) => value || name !== 'class')
      .filter(({ name }) => !['title', 'data-now', 'open'].includes(name))
      .map(({ name, value }) => `${name}="${value.trim()}"`).sort().join(' ');
    return `<${node.localName} ${attributes}>${[...node.childNodes].map(told).join('')}</>`;
  };
  return [...document.querySelectorAll('.turns > .turn')].map(told);
}"""


def transcript(page: Page) -> list[list]:
    return page.evaluate(TRANSCRIPT)


def markup(page: Page) -> list[str]:
    return page.evaluate(MARKUP)


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
