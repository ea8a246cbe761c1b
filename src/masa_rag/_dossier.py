"""Documents as Markdown, in the order of time: to read, to print, to draft a text from.

What strangers wrote is escaped where Markdown (CommonMark 0.31; tables, strokes and formulas as on GitHub) would take
it for markup, and nowhere else, so that it reads well before it is rendered too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from masa_rag._time import clock
from masa_rag._views import counted, day_and_minute, web_address
from masa_rag.chunkers._passages import Span, make_chunks, one_line
from masa_rag.types import Chunk, Document

_LONGEST = 1_000
"""Characters of a paragraph of one who talks on: about a minute of speech. No line and no message is cut."""
_TALK_S, _CHAT = 60.0, timedelta(minutes=10)
"""How much later what somebody says begins a paragraph of its own, with its own time."""

_MARKUP = re.compile(
    r"[\\`*\[\]|]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # not within a word: a_name
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=#?\w+;)"
    r"|(?<!/)~"  # but in an address, where it is somebody's folder
    r"|(?<=\S)\$"  # the end of a formula; "$5" and "$MASA" begin none without it
)
_OPENING = re.compile(r"\A(?:#{1,6}(?=\s|$)|>|[-+](?=\s|$)|=+$|-[- ]*$)")
"""What begins a heading, a quotation or an item, or underlines the line before."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What moves the cursor of a terminal that shows the file."""
_NUMBER = re.compile(r"\A\d{1,9}(?=[.)](?:\s|$))")


def dossier(source: str, documents: Iterable[Document], *, copies: int) -> Iterator[str]:
    """Yield the blocks of a page with all documents: the name of the source, and under it one heading each.

    Args:
        source: The name of the source.
        documents: In the order in which they are to stand.
        copies: How many more only repeat what one of these says.
    """
    yield f"# {_line(source)}"
    if copies:
        yield f"Left out: {counted(copies, 'copy')} of what stands here."
    for document in documents:
        yield f"## {_heading(document)}"
        if about := _about(document):
            yield about
        yield from _turns(document) if document.segments else _paragraphs(document.text)


def _heading(document: Document) -> str:
    parts = (document.title, document.author, day_and_minute(document.created_at))
    return " · ".join(_line(part) for part in parts if part and part.strip()) or _line(document.id)


def _about(document: Document) -> str:
    address = web_address(document.url)
    parts = (
        "" if address is None else f"<{_address(address)}>",
        "" if document.licence is None else f"licence: {_line(document.licence)}",
        "" if document.contributor is None else f"from: {_line(document.contributor)}",
    )
    return " · ".join(filter(None, parts))


def _turns(document: Document) -> Iterator[str]:
    """Yield what each one says, with the name where it changes, and the place or the time where that is new."""
    speaker, time = None, document.created_at
    for chunk in make_chunks(document, _groups(document), source=""):
        author = next(iter(chunk.authors), None)
        name = author if author is not None and author != speaker else None
        text = chunk.text if name is None else chunk.text.removeprefix(f"{name}:").lstrip()
        parts = ("" if not name or not name.strip() else f"**{_line(name)}**", _place(chunk, time, document.created_at))
        opening = " ".join(filter(None, parts))
        first, *others = list(_paragraphs(text)) or [""]
        yield f"{opening} {first}".strip()
        yield from others
        speaker, time = author, chunk.started_at


def _groups(document: Document) -> list[list[Span]]:
    """Return the segments of a document as runs of what one person says at about one time."""
    groups: list[list[Span]] = []
    for number, (start, end) in enumerate(document.spans()):
        first = groups[-1][0] if groups else None
        if first is None or end - first.start > _LONGEST or _begins(document, first.segment or 0, number):
            groups.append([])
        groups[-1].append(Span(start, end, 0, number))
    return groups


def _begins(document: Document, first: int, number: int) -> bool:
    """Say whether a segment is by somebody else than the first of a run, or much later."""
    one, two = document.segments[first], document.segments[number]
    if one.author != two.author:
        return True
    if one.start is not None and two.start is not None:
        return two.start - one.start > _TALK_S
    return one.created_at is not None and two.created_at is not None and two.created_at - one.created_at > _CHAT


def _place(chunk: Chunk, before: datetime | None, began: datetime | None) -> str:
    """Return the time code of a passage or, of messages, when it was said, with the link that leads there.

    What is not known to be said at another time than the document has that one.
    """
    time = chunk.started_at
    if chunk.start_s is not None:
        label = clock(chunk.start_s)
    elif time is None or time in (before, began):
        return ""
    else:
        label = f"{time:%H:%M}" if before is not None and time.date() == before.date() else day_and_minute(time)
    address = web_address(chunk.url)
    return label if address is None else f"[{label}](<{_address(address)}>)"


def _address(url: str) -> str:
    """Return an address as it may stand between angle brackets."""
    return one_line(url).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")


def _line(text: str) -> str:
    """Return a name or a title on one line."""
    line = _escaped(" ".join(text.split()))
    bare = line.rstrip("#")  # which closes a heading
    return line if bare == line else f"{bare}\\{line[len(bare) :]}"


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a text; their lines stay lines, and what is indented stays so."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            bare = line.strip()
            indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
            lines.append("\u00a0" * indent + _escaped(bare))
        elif lines:
            yield "  \n".join(lines)
            lines = []


def _escaped(line: str) -> str:
    """Return a line without blanks around it so that it is shown as it is."""
    line = _MARKUP.sub(r"\\\g<0>", _UNSEEN.sub(" ", line))
    return _NUMBER.sub(r"\g<0>\\", _OPENING.sub(r"\\\g<0>", line))
