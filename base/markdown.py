"""Markdown that a model wrote, as HTML that is safe to show.

Two walls. The parser knows no HTML: a tag in the text comes out as text. What the parser made is then
cleaned against the short lists below, so that a mistake in the first wall is none on the page. While an
answer streams, `calls/markdown.js` makes the same elements; where both agree nothing moves as they take over.
"""

import re
from functools import cache
from importlib import import_module
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

LONGEST = 50_000  # characters; what is longer is shown as it was written
DEEPEST = 20  # quotes and lists inside each other; what is deeper is left out
TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"*": set[str](), "a": {"href"}, "ol": {"start"}}
CLASSES = {"div": {"wide"}, "th": {"center", "right"}, "td": {"center", "right"}}
SCHEMES = {"http", "https", "mailto", "tel"}
# What can be wider than its bubble scrolls, and so can be reached by keyboard. A link opens beside the chat.
FIXED = {"a": {"target": "_blank"}, "pre": {"tabindex": "0"}, "div": {"tabindex": "0"}}
REL = "noopener noreferrer nofollow"
HEADINGS = (3, 6)  # below the page's own
_ALLOWED = re.compile(r"(?:https?://|mailto:|tel:)[^\s]", re.IGNORECASE)


def to_html(text: str) -> SafeString:
    """The text as elements of TAGS, without white space between them. Never raises for what is in it."""
    return clean(f"<p>{escape(text)}</p>" if len(text) > LONGEST else _parser().render(text))


def clean(html: str) -> SafeString:
    """What of any HTML is on the lists above."""
    return mark_safe(_cleaner().clean(html))  # noqa: S308  this is where it is made safe


# Both libraries are loaded with the first answer that is shown: most processes show none.
@cache
def _parser() -> Any:
    parser = import_module("markdown_it").MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.options["maxNesting"] = DEEPEST
    parser.enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline", "reference"])
    parser.validateLink = lambda address: bool(_ALLOWED.match(address))
    parser.core.ruler.push("earshot", _adapt)
    parser.renderer.rules |= {
        "softbreak": lambda *_: "<br>",
        "hardbreak": lambda *_: "<br>",
        "fence": _code,
        "code_block": _code,
        "table_open": lambda *_: '<div class="wide"><table>',
        "table_close": lambda *_: "</table></div>",
    }
    return parser


@cache
def _cleaner() -> Any:
    return import_module("nh3").Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        set_tag_attribute_values=FIXED,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel=REL,
    )


def _code(tokens: list, index: int, *_: Any) -> str:
    return f"<pre><code>{escape(tokens[index].content)}</code></pre>"


def _adapt(state: Any) -> None:
    """What a bubble shows differently from a page: its headings, its images, its columns."""
    levels: list[int] = []
    for token in state.tokens:
        token.block = False  # which only says whether a line ends after it
        if token.type == "heading_open":
            token.tag = _heading(levels, int(token.tag[1]))
        elif token.type == "heading_close":
            token.tag = f"h{_depth(levels)}"
        elif token.type in ("th_open", "td_open"):
            # "text-align:right" would be a style in the page, of which there are none.
            align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            token.attrs |= {"class": align} if align in ("center", "right") else {}
        elif token.type == "inline" and token.children:
            token.children = _without_images(token.children)


def _heading(levels: list[int], level: int) -> str:
    """One deeper than the heading it stands under, whatever the model called it: readers skip by levels."""
    while levels and levels[-1] >= level:
        levels.pop()
    levels.append(level)
    return f"h{_depth(levels)}"


def _depth(levels: list[int]) -> int:
    first, last = HEADINGS
    return min(first + len(levels) - 1, last)


def _without_images(children: list) -> list:
    """An image is a link to it: loading one would tell its server what the model put into the address."""
    told: list = []
    in_link = False
    for token in children:
        in_link = token.type == "link_open" or (in_link and token.type != "link_close")
        if token.type != "image":
            told.append(token)
            continue
        label = token.children or []
        if in_link:
            told += label
        else:
            address = {"href": token.attrs["src"]}
            told += [
                _token("link_open", "a", 1, address),
                *_without_images(label),
                _token("link_close", "a", -1),
            ]
    return told


def _token(kind: str, tag: str, nesting: int, attrs: dict | None = None) -> Any:
    return import_module("markdown_it.token").Token(kind, tag, nesting, attrs=attrs or {})


def _emphasis(marks: re.Match) -> str:
    """Nothing; or the marks themselves: 2 * 3, a_name, ~5, \\*."""
    before = marks.string[max(0, marks.start() - 1) : marks.start()]
    after = marks.string[marks.end() : marks.end() + 1]
    stands_alone = after.isspace() and (not before or before.isspace())
    is_text = before == "\\" or marks[0] == "~" or (before.isalnum() and after.isalnum()) or stands_alone
    return marks[0] if is_text else ""


# What `to_plain` takes out and what it leaves: fences, rules, what a line begins with, then what is in it.
_MARKS = [
    (re.compile(pattern, re.MULTILINE), left)
    for pattern, left in (
        (r"^ *(?:`{3,}|~{3,})[^`\n]*\n?", ""),
        (r"^[ \t]*(?:([-*_])(?:[ \t]*\1){2,}[ \t]*|(?:\|[ \t]*)?:?-+:?[ \t]*\|[ \t:|-]*)(?:\n|\Z)", ""),
        (r"^[ \t]*(?:(?:>[ \t]?)+|#{1,6}(?:[ \t]+|$))", ""),
        (r"^[ \t]*[-+*](?:[ \t]+|\Z)", "• "),
        (r"^[ \t]*\|.*", lambda row: ", ".join(filter(None, map(str.strip, row[0].split("|"))))),
        (r"!?\[([^][]*)\]\([^()\s]*(?:\s[^()]*)?(?:\)|\Z)", r"\1"),
        (r"[*_~`]+", _emphasis),
        (r"\\([!-/:-@\[-`{-~])", r"\1"),
    )
]


def to_plain(text: str) -> str:
    """The words of a text that may not be whole yet, for where a line is all there is room for.

    What is open at its end counts as closed, so that words which have been shown stay as more of them come.
    """
    for pattern, left in _MARKS:
        text = pattern.sub(left, text)
    return text
