"""What a page makes of an answer while it streams is what the server makes of it in the end."""

import json

import pytest

from base.markdown import to_html
from tests.browser.modules import LOAD, with_imports

SOURCES = {
    **with_imports("calls/markdown.js"),
    **with_imports("calls/draw.js"),
    "all": 'export * from "calls/markdown.js";\nexport * from "calls/draw.js";',
}
# Streams each text in pieces and draws every piece: what stands there in the end, if that is not the same.
DRAWN = """async ({ Draft, draw }) => CASES.map(([text, html, step]) => {
  const shown = document.createElement('div'), whole = document.createElement('div');
  const draft = new Draft();
  for (let at = 0; at < text.length; at += step) {
    draft.add(text.slice(at, at + step));
    const { from, tree } = draft.tree();
    draw(shown, tree, from);
  }
  const { from, tree } = draft.tree({ ended: true });
  draw(shown, tree, from);
  whole.innerHTML = html;
  return shown.isEqualNode(whole) ? '' : shown.innerHTML;
})"""
# What is shown of a text of which more will come.
SO_FAR = """async ({ Draft, draw }) => CASES.map((text) => {
  const shown = document.createElement('div'), draft = new Draft();
  draft.add(text);
  draw(shown, draft.tree().tree);
  return shown.innerHTML;
})"""

USUAL = (
    "Hello there.",
    "# Title\n\nSome **bold**, *italic*, ***both***, `code` and ~~gone~~ text.",
    "One line\nand the next\n\nAnd a paragraph.",
    "- one\n- two\n  - inner\n  - more\n\nafter",
    "* a\n* b\n\n  a paragraph in it\n\n* c",
    "1. first\n2. second\n   - inner\n     1. deep\n3. third\n\nAfter.",
    "3. three\n4. four",
    "1) one\n\n2) two",
    "| Month | kWh | Cost |\n|-------|----:|:----:|\n| May | 210 | £44 |\n| `x` | **y** |\n\nTotal: **£83**",
    "```python\ndef f(x):\n\treturn x < 1 and 'a' or '&'\n\n```\n\nThen more.",
    "Text before\n```\na fence at once\n```\ntext after",
    "Not closed:\n\n```js\nlet a = 1;",
    "> Quoted\n> text\n>\n> - with a list\n\nafter",
    "> lazy\nlines\n\nafter",
    "Text\n\n---\n\nMore\n\n* * *",
    "Heading\n---\ntext",
    "## a\n\n### b\n\n## c\n\n#### d",
    "See [our page](https://example.com/a?b=c&d=e) or <https://example.com>.",
    "A [link with **bold**](https://e.example) and [brackets] and [ref][1].",
    "An image: ![a chart](https://example.com/x.png) here",
    "[x](javascript:alert(1)) and [y](/here) and [ok](mailto:a@b.example)",
    "a \\*star\\* and 2 * 3 * 4 and snake_case_name and `a*b` and ``a ` b``",
    "*a **b** c* and **a *b* c** and **not closed and `neither",
    "- **Bold:** text\n- *Italic*: `code`\n- [ ] to do",
    "<b>bold?</b> <script>alert(1)</script> &amp; &lt; &#39; &",
    "Two spaces  \nand a backslash\\\nbreak lines",
    "    indented code\n    more\n\ntext",
    "Réponse : « oui » — 5 € … 😀 **é**",
    "**Account 123**\nName: Okafor\n\nWould you like me to:\n1. refund it\n2. leave it",
    "#hashtag\n\n# \n\n1986\\. A year",
    "- item\n  ```\n  code\n  ```\n- two",
)


@pytest.fixture(scope="module")
def run(browser):
    page = browser.new_page()
    yield lambda work, cases: page.evaluate(
        LOAD, [list(SOURCES.items()), "all", work.replace("CASES", json.dumps(cases))]
    )
    page.close()


def test_usual_markdown_streams_into_what_it_settles_as(run):
    cases = [(text, str(to_html(text)), step) for text in USUAL for step in (1, 7, 100_000)]

    drawn = run(DRAWN, cases)

    assert [(*case, shown) for case, shown in zip(cases, drawn, strict=True) if shown] == []


def test_what_is_not_whole_yet_is_shown_as_it_will_be(run):
    cases = {
        "It is **bo": "<p>It is <strong>bo</strong></p>",
        "It is **": "<p>It is </p>",
        "Use `co": "<p>Use <code>co</code></p>",
        "See [the pa": "<p>See the pa</p>",
        "See [the page](https://exam": "<p>See the page</p>",
        "Bills:\n-": "<p>Bills:</p>",
        "Bills:\n\n| Month | Co": "<p>Bills:</p>",
        "Bills:\n\n| Month | Cost |\n|---": "<p>Bills:</p>",
        "Text\n``": "<p>Text</p>",
        "```py\nx = 1\n``": '<pre tabindex="0"><code>x = 1</code></pre>',
        "2 * 3": "<p>2 * 3</p>",
    }

    assert dict(zip(cases, run(SO_FAR, list(cases)), strict=True)) == cases
