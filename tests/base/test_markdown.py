"""Markdown of models as HTML: what they mean is shown, and nothing they write runs."""

from html.parser import HTMLParser

import pytest

from base.markdown import ATTRIBUTES, CLASSES, FIXED, LONGEST, REL, TAGS, clean, to_html, to_plain
from tests.base.hostile import HOSTILE

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello.", "<p>Hello.</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        (
            "a **b** *c* `d` ~~e~~",
            "<p>a <strong>b</strong> <em>c</em> <code>d</code> <s>e</s></p>",
        ),
        ("- a\n- b\n  1. c", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"),
        ("4. a", '<ol start="4"><li>a</li></ol>'),
        ("> a\n\n---", "<blockquote><p>a</p></blockquote><hr>"),
        ("```py\n<b>\n```", '<pre tabindex="0"><code>&lt;b&gt;\n</code></pre>'),
        (
            "| a | b |\n|---|--:|\n| 1 | 2 |",
            '<div class="wide" tabindex="0"><table><thead><tr><th>a</th><th class="right">b</th></tr></thead>'
            '<tbody><tr><td>1</td><td class="right">2</td></tr></tbody></table></div>',
        ),
        ("[a](https://b.example?c=1&d)", f'<p><a href="https://b.example?c=1&amp;d" {LINK}>a</a></p>'),
        ("<mailto:a@b.example>", f'<p><a href="mailto:a@b.example" {LINK}>mailto:a@b.example</a></p>'),
        ("<b>a</b> & b", "<p>&lt;b&gt;a&lt;/b&gt; &amp; b</p>"),
    ],
)
def test_it_shows_what_is_meant(text, html):
    assert to_html(text) == html


@pytest.mark.parametrize(
    ("text", "levels"), [("# a\n### b\n## c\n# d", "3443"), ("### a\n# b", "33"), ("# a\n" * 2, "33")]
)
def test_headings_are_one_deeper_than_what_they_stand_under(text, levels):
    html = to_html(text)

    assert "".join(part[0] for part in html.split("<h")[1:]) == levels
    assert html.count("</h") == len(levels)


def test_an_image_is_a_link_to_it():
    """Loading it would tell its server what a model was talked into putting in the address."""
    assert to_html("![a chart](https://b.example/c.png)") == (
        f'<p><a href="https://b.example/c.png" {LINK}>a chart</a></p>'
    )
    assert "<img" not in to_html("[![x](https://b.example/c.png)](https://d.example)")


def test_what_is_too_long_is_shown_as_it_is():
    html = to_html("**a** <b>" * (LONGEST // 9 + 1))

    assert html.startswith("<p>**a** &lt;b&gt;**a**")


class Walk(HTMLParser):
    """What is in the HTML that is not on our lists."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            known = name in ATTRIBUTES.get(tag, set()) | FIXED.get(tag, {}).keys() | {"rel"} or (
                name == "class" and value in CLASSES.get(tag, set())
            )
            if not known:
                self.wrong.append(f"{tag} {name}")
            if name == "href" and not value.lower().startswith(("https://", "http://", "mailto:", "tel:")):
                self.wrong.append(f"{tag} {value}")
            if name == "rel" and value != REL:
                self.wrong.append(f"{tag} {name} {value}")

    def handle_comment(self, data):
        self.wrong.append("a comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def walked(html: str) -> list[str]:
    walk = Walk()
    walk.feed(html)
    walk.close()
    return walk.wrong


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_is_written_runs(text):
    assert walked(to_html(text)) == []


def test_the_walk_would_notice():
    for html in ("<script>", "<p onclick=x>", '<a href="javascript:x">', "<!-- x -->", "<p class=x>"):
        assert walked(html), html


def test_what_gets_past_the_parser_is_cleaned():
    """The second wall stands by itself: here there is no first one."""
    assert [text for text in HOSTILE if walked(clean(text))] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**Account 123**: *paid*, __all__ of `it`, ~~not~~.", "Account 123: paid, all of it, not."),
        ("# Bills\n\n> - April\n- May\n1. June\n---\nover", "Bills • April • May 1. June over"),
        ("| Month | Cost |\n|:--|--:|\n| May | £54 |", "Month, Cost May, £54"),
        ("```py\nx = 1\n```\nSee [the *bill*](https://b.example/?a=1 'x') ![i](x)", "x = 1 See the bill i"),
        # No marks at all.
        ("2 * 3, a_name, ~5, x --- y, 5 > 3", "2 * 3, a_name, ~5, x --- y, 5 > 3"),
        ("#1, [a] (b), \\*", "#1, [a] (b), *"),
        ("-5 degrees\n2024-05-01 | 3", "-5 degrees 2024-05-01 | 3"),
        # More of it will come.
        ("It is **bo", "It is bo"),
        ("See [the bill](https://b.exa", "See the bill"),
    ],
)  # fmt: skip
def test_a_line_has_the_words_without_the_marks(text, words):
    assert " ".join(to_plain(text).split()) == words
