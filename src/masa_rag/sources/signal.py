"""Signal: the chats that signal-export takes out of Signal Desktop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from masa_rag._ids import digest
from masa_rag.errors import RecordError
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.fields import counts_of, kept, text_of, texts_of, time_of
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._chats.messages import FIRST_FILES, Room, Said
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._json import Damage, read_objects
from masa_rag.types import Segment

_FILE = "data.json"
_BESIDE_CHATS = frozenset({"style.css", "stickers", "exported_stickers"})
_NOBODY = "No-Sender"
"""Whom signal-export names where it knows nobody, as above what Signal itself says."""


class SignalExport(ZonedSource, ChatExport):
    """Chats of Signal, one document a chat and UTC day, each message a segment.

    Reads ``data.json`` of signal-export, on disk or in a zip; of its whole folder, the pages and Markdown beside it,
    which say the same, are left alone. Messages have no ids: an id is made of chat, time, author and text.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``signal``, so that exports which overlap meet.
        timezone: IANA name of the zone of the computer that exported, for the times name none.
        me: The name under which the person's own words are stored.

    Calls, deleted messages and those without text are left out. A quoted message is answered, where it is there.
    """

    form = "signal"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".zip"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        timezone: str = "UTC",
        me: str = "Me",
    ) -> None:
        super().__init__(paths, name=name, timezone=timezone)
        self.me = me

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return any(map(_is_message, islice(read_objects(BytesIO(head)), 3))) if b'"reactions"' in head else False

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        return item.name == _FILE

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether a folder is a chat's, or holds the folders of chats and nothing that somebody put beside them."""
        if (folder / _FILE).is_file():
            return (folder / "chat.md").is_file() and cls._is_known(read_head(folder / _FILE))
        inside = (item for item in sorted(folder.iterdir()) if not item.name.startswith("."))
        chats = [item / _FILE for item in inside if item.name not in _BESIDE_CHATS]
        return all(map(Path.is_file, chats)) and any(cls._is_known(read_head(path)) for path in chats[:FIRST_FILES])

    def _messages(self, file: ChatFile) -> Iterator[Said | RecordError]:
        chat = file.path.absolute().parent.name if file.path.name == _FILE else file.path.stem
        room = Room(chat, chat, metadata={"platform": "signal"})
        said: dict[str, str] = {}
        with file.open() as stream:
            for number, record in enumerate(read_objects(stream, accept=_is_message), start=1):
                where = f"{file.path}: message {number}"
                if isinstance(record, Damage):
                    yield RecordError(record.message, record_id=f"{file.path}: line {record.line}")
                elif not _is_message(record):
                    yield RecordError("received no message of signal-export", record_id=where)
                else:
                    yield from self._said(record, room, said, where)

    def _said(
        self, record: dict[str, Any], room: Room, said: dict[str, str], where: str
    ) -> Iterator[Said | RecordError]:
        """Yield the message; ``said`` holds the ids of the chat's messages by their texts, for those who quote them."""
        text, sender = text_of(record, "body"), text_of(record, "sender")
        if not text or sender == _NOBODY or any(record.get(name) for name in ("deleted", "call", "missed")):
            return
        created_at = time_of(record.get("date"), zone=self._zone)
        if created_at is None:
            yield RecordError(f"received the time {str(record.get('date'))[:40]!r}; expected ISO 8601", record_id=where)
            return
        identity = digest(room.id, created_at.isoformat(), sender, text)
        reply = said.get(_quoted(record))
        said[text] = identity
        author = self.me if sender == "Me" else sender
        yield Said(
            room, Segment(text, author or None, created_at, id=identity, reply_to=reply, metadata=_metadata(record))
        )


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and {"date", "sender", "body", "quote", "sticker", "reactions"} <= value.keys()


def _quoted(record: dict[str, Any]) -> str:
    """Return the text that a message quotes, without the signs before its lines."""
    return "\n".join(line.removeprefix("> ") for line in text_of(record, "quote").splitlines())


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    reactions = record.get("reactions")
    pairs = (item for item in (reactions if isinstance(reactions, list) else ()) if isinstance(item, list))
    emoji = counts_of((pair[1], 1) for pair in pairs if len(pair) == 2 and isinstance(pair[1], str))
    return kept({"attachments": texts_of(record, "attachments", "name"), "reactions": emoji})
