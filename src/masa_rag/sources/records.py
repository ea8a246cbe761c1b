"""Records: rows of what people said in JSON, CSV or XML of any program that no other source knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.sources._base import HEAD_BYTES, FileSource, read_head
from masa_rag.sources._chats.fields import zone_of
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.messages import Said, documents
from masa_rag.sources._records.begun import JSON, MARKUP, TABLES, begun
from masa_rag.sources._records.contents import rows, sample
from masa_rag.sources._records.fields import ROLES, seen
from masa_rag.sources._records.making import Maker
from masa_rag.sources._records.walk import Shapes
from masa_rag.types import Document

_MOST_NAMED = 40


class Records(FileSource):
    """Comments, posts, reviews, messages of any program: objects of JSON, rows of a table, elements of XML.

    The lists of records in a file, and which of their fields is which, are told by the names of the fields and by what
    stands in them. Records that answer others, lie below one, or name a thread, become one document a thread; messages
    of a channel one a UTC day; others one each.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory.
        timezone: IANA name of the zone of times that name none.
        fields: Which field is which, where it is not found or found wrongly: ``{"text": "body", "author":
            "user.login"}``, with ``text``, ``author``, ``time``, ``url``, ``title``, ``id``, ``thread`` and
            ``reply_to``; dots lead into objects. A file without these fields is reported, with those that it has.

    ``metadata`` holds the handle (``username``) where the name is another, and the ``rating`` of a review. A record
    without an id gets one made of author, time and text.
    """

    form: ClassVar[str] = "records"
    suffixes: ClassVar[frozenset[str]] = JSON | TABLES | MARKUP

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        timezone: str = "UTC",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(paths, name=name)
        self._zone = zone_of(timezone)
        self.fields: dict[str, str] = dict(fields or {})
        if unknown := [role for role in self.fields if role not in ROLES]:
            raise ConfigurationError(f"received the field {unknown[0]!r}; expected one of {', '.join(ROLES)}")

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether there are surely records in it: words of people, with who said them or when."""
        if path.suffix.lower() not in cls.suffixes or not head:
            return False
        if Shapes(begun(path, head)).found:
            return True
        return path.suffix.lower() in JSON and len(head) >= HEAD_BYTES and bool(Shapes(sample(path)).found)

    def _takes(self, path: Path) -> bool:
        """Take of a folder what is recognised; where fields are named, each file that may have them."""
        try:
            return super()._takes(path) and (bool(self.fields) or self.recognises(path, read_head(path)))
        except OSError:
            return True  # reported when it is read

    def __iter__(self) -> Iterator[Document | RecordError]:
        items = read_each(map(ChatFile.at, self.files()), lambda file: self._items(file.path))
        yield from documents(items, as_read=True)

    def _items(self, path: Path) -> Iterator[Said | Document | RecordError]:
        root = sample(path)
        shapes = Shapes(root, given=self.fields)
        shapes = shapes if shapes.found else Shapes(root, given=self.fields, guess=True)
        if not shapes.found:
            yield RecordError(_no_records(shapes, self.fields), record_id=str(path))
            return
        maker = Maker(path, self._zone)
        maker.learn(rows(path, root, shapes))
        yield from maker.items(rows(path, root, shapes))


def fields_in(path: Path, head: bytes) -> list[str]:
    """Return the names of the fields that the objects of a file's longest list have, none where there is no list."""
    if path.suffix.lower() not in Records.suffixes:
        return []
    names = _fields_of_longest(Shapes(begun(path, head)))
    return names if len(names) > 1 else []


def _fields_of_longest(shapes: Shapes) -> list[str]:
    longest = sorted(shapes.pools.values(), key=len)[-1:]
    return seen(longest[0]) if longest else []


def _no_records(shapes: Shapes, fields: Mapping[str, str]) -> str:
    """Return what is wrong with a file in which no records are found, and which fields it has."""
    names = _fields_of_longest(shapes)
    missing = [path for path in fields.values() if path not in names]
    had = f"it has {', '.join(names[:_MOST_NAMED])}" if names else "it has no list of objects"
    wrong = f"has no field {missing[0]!r}" if missing else "has no field with words of people"
    return f"{wrong}; {had}. Say which is which: fields={{'text': ...}}, or --field text=..."
