"""The HTML of forum posts as text: quotes marked with "> ", code fenced, links kept."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LONGEST = 1 << 20
"""Characters of HTML read of one post; Discourse itself stops at 150,000 characters of Markdown."""
_BLOCKS = frozenset("p div li ul ol blockquote aside pre h1 h2 h3 h4 h5 h6 table tr hr details summary section".split())
_VOID = frozenset("br hr img input source meta link wbr".split())
_HIDDEN_CLASSES = frozenset({"title", "meta", "informations", "anchor", "quote-controls"})
_HIDDEN_TAGS = frozenset({"script", "style", "svg", "template"})
_SIGNS = {"code": "`", "s": "~~", "del": "~~", "strike": "~~"}
"""Before and behind words that are code, or that their author struck out."""
_DEEPEST_QUOTE = 8
_SPACES = re.compile(r"[ \t\r\n\f]+")
_QUOTE_OPEN = re.compile(r"\[quote(?:=\"?(?P<name>[^\",\]\n]{1,60})[^\]\n]{0,200})?\]\s*", re.IGNORECASE)
_QUOTE_CLOSE = re.compile(r"\[/quote\]", re.IGNORECASE)


def cooked_text(html: str, *, hidden: frozenset[str] = _HIDDEN_CLASSES) -> str:
    """Return the readable text of a post's HTML; what is malformed is read as a browser would.

    Args:
        html: The post.
        hidden: Classes of blocks and links that are no part of the text; the usual ones are Discourse's.
    """
    reader = _Reader(hidden)
    tags, end, rest = html[:_LONGEST].rpartition(">")
    reader.feed(tags + end + rest.replace("<", "&lt;"))  # over tags that never end the parser goes again and again
    reader.close()
    return reader.text()


def raw_text(markdown: str) -> str:
    """Return a post's Markdown with ``[quote="ann, post:2"]…[/quote]`` written as "> " lines."""
    lines: list[str] = []
    depth = 0
    for line in _QUOTE_CLOSE.sub("\n[/quote]\n", markdown).splitlines():
        while (match := _QUOTE_OPEN.match(line)) is not None:
            depth += 1
            line = line[match.end() :]
            if match["name"]:
                lines.append("> " * min(depth, _DEEPEST_QUOTE) + f"{match['name']}:")
        if line == "[/quote]":
            depth = max(0, depth - 1)
        elif line.strip() or not depth:
            lines.append("> " * min(depth, _DEEPEST_QUOTE) + line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects lines; an event at a time, so that depth costs no stack."""

    def __init__(self, hidden_classes: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._hidden_classes = hidden_classes
        self._lines: list[str] = []
        self._line = ""
        self._quotes = 0
        self._code = 0
        self._hidden: list[str] = []  # tags open since the hidden one
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if self._hidden:
            self._hidden += [tag] if tag not in _VOID else []
        elif tag in _HIDDEN_TAGS or (tag not in _VOID and self._is_hidden(tag, values)):
            self._hidden.append(tag)
        elif tag == "aside" and (address := values.get("data-onebox-src")):  # a preview: another page's words
            self._break()
            self._lines.append(self._mark() + address)
            self._hidden.append(tag)
        elif tag == "img":
            self._line += _image(values)
        elif tag == "a":
            self._link = (values.get("href", ""), len(self._line))
        else:
            self._open_block(tag, values)

    def _is_hidden(self, tag: str, values: dict[str, str]) -> bool:
        if tag in ("div", "a") and self._hidden_classes & set(values.get("class", "").split()):
            return True
        return "display:none" in values.get("style", "").lower().replace(" ", "")

    def _open_block(self, tag: str, values: dict[str, str]) -> None:
        if tag == "br" or tag in _BLOCKS:
            self._break()
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._lines.append(self._mark() + "```")
            self._code += 1
        elif tag == "li":
            self._line = "- "
        elif tag in _SIGNS and not self._code:
            self._line += _SIGNS[tag]
        elif tag == "aside" and (name := values.get("data-username")):
            self._lines.append(f"{self._mark()}> {name}:")
        elif tag in ("td", "th") and self._line:
            self._line += " | "

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._unhide(tag)
            return
        if tag == "a":
            self._close_link()
        elif tag in _SIGNS and not self._code:
            self._line += _SIGNS[tag]
        if tag in _BLOCKS:
            self._break()
        if tag == "pre" and self._code:
            self._code -= 1
            self._lines.append(self._mark() + "```")
        elif tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        if tag in ("p", "pre", "ul", "ol", "blockquote", "aside", "table") and self._lines and self._lines[-1]:
            self._lines.append("")

    def _unhide(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._code:
            *whole, last = data.split("\n")
            for line in whole:
                self._lines.append(self._mark() + self._line + line)
                self._line = ""
            self._line += last
            return
        text = _SPACES.sub(" ", data)
        self._line += text if self._line and not self._line.endswith(" ") else text.lstrip(" ")

    def _close_link(self) -> None:
        if self._link is None:
            return
        href, start = self._link
        self._link = None
        shown = self._line[start:].strip()
        if (
            href.startswith(("http://", "https://"))
            and shown
            and href.rstrip("/") not in (shown.rstrip("/"), f"https://{shown}")
        ):
            self._line += f" ({href})"

    def _mark(self) -> str:
        return "> " * min(self._quotes, _DEEPEST_QUOTE)

    def _break(self) -> None:
        self._link = None
        line = self._line.replace("~~~~", "")
        if line.strip() not in ("", "~~"):  # signs around nothing, or around whole paragraphs
            self._lines.append((self._mark() + line).rstrip())
        self._line = ""

    def text(self) -> str:
        self._break()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()


def _image(values: dict[str, str]) -> str:
    name = (values.get("title") or values.get("alt") or "").strip()
    if "emoji" in values.get("class", "").split():
        return name
    return f"[image: {name}]" if name else ""
