"""Plain text and Markdown: the fallback for anything readable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from masa_rag._time import parse_time
from masa_rag.errors import ConfigurationError, RecordError, SourceFormatError
from masa_rag.sources._base import FileSource, read_head
from masa_rag.sources._paths import date_in, readable_title, relative_id, root_of
from masa_rag.sources._transcripts.base import MAX_BYTES, decode, decoded
from masa_rag.types import Document

_FRONT = re.compile(
    r"\A(?:---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n(.*?)\r?\n\+\+\+)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
"""YAML between dashes, or TOML between plus signs (Hugo)."""
_KEY_WORD = r"[\w@$](?:[\w.,/&()+@$-]|:(?=[^\s/]))*"
_YAML = re.compile(
    rf"(?P<key>\"[^\"]+\"|'[^']+'|(?=[^:]*[^\W\d]){_KEY_WORD}(?: {_KEY_WORD}){{0,4}})[ \t]*:(?!\S)[ \t]*(?P<value>.*)"
)
_TOML = re.compile(r"(?P<key>[^\W\d][\w.-]*)[ \t]*=[ \t]*(?P<value>.*)|\[+[^\[\]]+\]+[ \t]*(?:#.*)?")
"""A field; in TOML also the head of a table, which has no key. A key of YAML is up to five words with a letter before
the first colon, so that ``06:00 Ada: hello`` is none; it ends at a colon with a blank or nothing behind it."""
_OPEN_LIST = re.compile(r":[ \t]+\[(?:(?!:\s)[^\[\]])*\]")
"""A list of YAML in brackets, which may go on over several lines."""
_KNOWN = frozenset(
    "title date tags tag author authors aliases alias created created_at updated modified published publish url layout "
    "categories category draft description slug permalink cssclass cssclasses".split()
) | {"date created", "date modified"}
"""What the fields of notes and pages are usually called: with one of these, lines are front matter and no talk."""
_BELOW_FIELD = re.compile(r"\s|-(?:\s|$)|#|[\]}]")
"""How the other lines of front matter begin: further lines of a value, items of a list, comments."""
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')[ \t]*(?:#.*)?""")
_BLOCK_MARK = re.compile(r"[|>][-+\d]*")
_COMMENT = re.compile(r"(?:^|[ \t])#(?:[ \t].*)?$")
_SPACED_ZONE = re.compile(r"(?<=\d) ([+-]\d\d:?\d\d)$")
"""Jekyll writes ``2024-05-01 10:00:00 +0200``."""
_DATES = ("date", "published", "created", "created_at")
"""Under which names notes have the day they were written, the usual first; a page that was clipped has both."""
_PEOPLE = ("author", "authors")
_PERSON = re.compile(r"\s*(?:-\s+(?:name:\s+)?|name:\s+)(?P<name>(?!\w+:\s).+)")
"""A person in a list of authors, or a name among what is told of one."""
_ADDRESS = re.compile(r"https?://\S+")
_HEADING = re.compile(
    r"\A\s*(?:#[ \t]+(?P<hash>[^\n]+?)[ \t#]*|=[ \t]+(?P<equals>[^\n]+)|#\+title:[ \t]*(?P<org>[^\n]+)|"
    r"(?P<rule>([=*#~^])\5{2,})[ \t]*\n(?P<ruled>[^\n]{1,200})\n(?P=rule)[ \t]*|"
    r"(?P<line>[^\n]{1,200})\n(?:={3,}|-{3,})[ \t]*)(?:\n|\Z)",
    re.IGNORECASE,
)
"""How text begins with its title: in Markdown, AsciiDoc, Org, reStructuredText."""


class Files(FileSource):
    """Text files, one document each: ``.txt``, ``.md``, ``.rst`` and whatever else reads as text.

    Markdown may open with front matter (YAML or TOML); its ``title``, ``author`` (or ``authors``), ``url`` (or
    ``source``, where that is an address) and ``date`` (else ``published``, ``created``, ``created_at``) are used and
    its other simple fields kept as metadata. Without a title the first heading is taken, else the file's name made
    readable. Without a date the one in the path is taken (as in
    :class:`~masa_rag.sources.transcripts.Transcripts`), never the file's own timestamp. The id is the path relative to
    what was given, with its suffix. Binary files are reported, not read; text in an encoding that cannot be told is
    read and reported.
    """

    form: ClassVar[str] = "files"
    suffixes: ClassVar[frozenset[str]] = frozenset(
        {".txt", ".text", ".md", ".markdown", ".rst", ".org", ".adoc", ".tex", ".log"}
    )

    def __init__(self, paths: str | Path | Iterable[str | Path], *, name: str | None = None) -> None:
        super().__init__(paths, name=name)
        self._root = root_of(self.paths)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - its content tells
        """Say yes to readable text."""
        return bool(head.strip()) and _readable(head)

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        try:
            text, name, sure = decoded(self._load(path))
            body, fields = front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
            if not body.strip():
                raise SourceFormatError("received a file without text; expected at least one word")
            yield self._document(path, body.strip(), fields)
        except SourceFormatError as error:
            yield RecordError(str(error), record_id=str(path))
            return
        if not sure:
            problem = f"received text that is no whole UTF-8; it was read as {name}, and letters may be wrong"
            yield RecordError(
                f"{problem}. Open it in the program that wrote it and save it as UTF-8", record_id=str(path)
            )

    def _load(self, path: Path) -> bytes:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise SourceFormatError(f"received {size:,} bytes; expected text of at most {MAX_BYTES:,}")
        if not _readable(read_head(path)):
            raise SourceFormatError("received binary data; expected text. Give the source that reads this format")
        return path.read_bytes()

    def _document(self, path: Path, body: str, fields: Mapping[str, str]) -> Document:
        identity = relative_id(path, self._root)
        day = next((name for name in _DATES if _date(fields.get(name))), "date")
        who = next((name for name in _PEOPLE if name in fields), "author")
        where = "url" if "url" in fields or not _ADDRESS.match(fields.get("source", "")) else "source"
        known = {"title", "url", "date", day, who, where}
        return Document(
            f"{identity}{path.suffix}",
            body,
            title=fields.get("title") or heading_of(body) or readable_title(identity),
            author=fields.get(who),
            created_at=_date(fields.get(day)) or date_in(f"{path.parent.name}/{identity}"),
            url=fields.get(where),
            metadata={key: value for key, value in fields.items() if key not in known},
        )


def front_matter(text: str) -> tuple[str, dict[str, str]]:
    """Split Markdown into body and the simple ``key: value`` fields of its front matter.

    Nested YAML is not interpreted: a field without a value on its own line is left out. Text between two rules that
    does not look like fields is no front matter, and stays in the body.
    """
    match = _FRONT.match(text)
    if match is None:
        return text, {}
    form = _TOML if match[1] is None else _YAML
    block = _OPEN_LIST.sub(lambda found: " ".join(found[0].split()), match[match.lastindex or 0])
    lines = [line for line in block.splitlines() if line.strip() and line[0] != "#"]
    if not (_is_yaml(lines) if form is _YAML else _are_all_fields(lines, form)):
        return text, {}
    fields = {key: _people(rows) if key in _PEOPLE else _value(rows) for key, rows in _rows_by_key(lines, form).items()}
    return text[match.end() :], {key: value for key, value in fields.items() if value}


def _is_yaml(lines: Sequence[str]) -> bool:
    """Say whether lines are fields: most of them where one has a known name, else all, with names of one word.

    Unknown names that come twice are of people who talk, and so is a known one where no other is there once.
    """
    names = Counter(_key(item) for line in lines if (item := _YAML.fullmatch(line)))
    if any(times > 1 for name, times in names.items() if name not in _KNOWN):
        return False
    if any(names[name] == 1 for name in _KNOWN):
        return 2 * sum(_fits(line, _YAML) for line in lines) > len(lines)
    return _are_all_fields(lines, _YAML) and all(times == 1 and " " not in name for name, times in names.items())


def _are_all_fields(lines: Sequence[str], form: re.Pattern[str]) -> bool:
    """Say whether lines begin with a field and are fields and what belongs to them."""
    return bool(lines) and form.fullmatch(lines[0]) is not None and all(_fits(line, form) for line in lines)


def _fits(line: str, form: re.Pattern[str]) -> bool:
    return (form.fullmatch(line) or _BELOW_FIELD.match(line)) is not None


def _key(item: re.Match[str]) -> str:
    """Return the name of a field, lower case and without quotation marks."""
    return item["key"].strip("\"'").lower()


def _rows_by_key(lines: Sequence[str], form: re.Pattern[str]) -> dict[str, list[str]]:
    """Return for each key (lower case) what stands behind it and below, up to the first table of TOML."""
    fields: dict[str, list[str]] = {}
    rows: list[str] = []
    for line in lines:
        item = form.fullmatch(line)
        if item is None:
            rows += [line] if line[0].isspace() or line[0] == "-" else []  # else it is of no folded text
        elif item["key"] is None:
            break  # the title of a table is not the page's
        else:
            rows = fields[_key(item)] = [item["value"].strip()]
    return fields


def _value(rows: Sequence[str]) -> str:
    """Return what a field says, "" where that is nothing; a text that is folded over several lines on one."""
    value = rows[0]
    if _BLOCK_MARK.fullmatch(value):
        return " ".join(" ".join(rows[1:]).split())
    if (quoted := _QUOTED.fullmatch(value)) is not None:
        return quoted[1][1:-1].strip()
    plain = _COMMENT.sub("", value).strip()
    return "" if plain.lower() in ("null", "~") or not plain.strip("\"'") else plain


def _people(rows: Sequence[str]) -> str:
    """Return who wrote it: of a list all, joined by a semicolon; a link to a note is the name that it shows."""
    if rows[0][:1] == "[":
        names = rows[0].split(",")
    else:
        listed = [match["name"] for match in map(_PERSON.fullmatch, rows[1:]) if match]
        names = listed if not rows[0] else [_value(rows)]
    shown = (name.strip(" \t[]\"'").rpartition("|")[2] for name in names)
    return "; ".join(filter(None, shown))


def heading_of(text: str) -> str | None:
    """Return the heading with which a text begins."""
    match = _HEADING.match(text)
    return match[str(match.lastgroup)].strip() if match else None


def _date(value: str | None) -> datetime | None:
    """Return a date that programs or people write ("May 1, 2024"), None for one that may be two ("1/5/2024")."""
    if not value:
        return None
    written = _SPACED_ZONE.sub(r"\1", value.partition(" #")[0])
    try:
        return parse_time(written)
    except ConfigurationError:
        from masa_rag.sources._pages.dates import read_date

        found = read_date(written)
        return found if found == read_date(written, day_first=True) else None


def _readable(head: bytes) -> bool:
    """Say whether bytes are text: no NUL unless UTF-16, and UTF-8 or one of the Windows code pages."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\0" in head:
        return False
    try:
        decode(head)
    except SourceFormatError:
        return False
    return True
