"""Mails: mailboxes, archives of mailing lists, folders of single mails."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, ClassVar

from masa_rag.errors import RecordError
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._chats.files import ChatFile, read_each
from masa_rag.sources._chats.messages import Room, Said, documents
from masa_rag.sources._mail.boxes import is_mail, mails
from masa_rag.sources._mail.message import Mail as OneMail
from masa_rag.sources._mail.message import read
from masa_rag.sources._paths import expanded
from masa_rag.types import Document, Segment

_MAILDIR = ("cur", "new")


class Mail(ChatExport):
    """Mails, one document a thread and one segment a mail.

    Reads mailboxes (mbox, as Thunderbird, Gmail's Takeout, Pipermail and public-inbox write them, also gzipped or in a
    zip), single mails (``.eml``, ``.emlx``) and Maildir. What a mail quotes, and its signature, are left out; what it
    passes on stays; a mail in HTML only is read too. Mails that are there twice are read once.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``mail``, so that mailboxes which overlap meet.

    The author is the name of the sender; the address is in the metadata of the segment. Mails without words of their
    own are left out, and those that were deleted in Thunderbird, or that Gmail labels as spam or trash.
    """

    form = "mail"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset(
        {"", ".eml", ".emlx", ".mbox", ".mboxrd", ".mbx", ".txt", ".gz", ".zip"}
    )
    beside: ClassVar[tuple[str, ...]] = (".msf",)

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return is_mail(head)

    @classmethod
    def _is_file(cls, path: Path, head: bytes) -> bool:
        return is_mail(head, named=path.suffix.lower() in (".eml", ".emlx"))

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether mails lie in a folder one by one, the read and the new ones apart: a Maildir."""
        if not all((folder / name).is_dir() for name in _MAILDIR):
            return False
        first = (next(iter(sorted((folder / name).iterdir())), None) for name in _MAILDIR)
        return any(path is not None and is_mail(read_head(path)) for path in first)

    def _documents(self, files: Iterable[ChatFile | RecordError]) -> Iterator[Document | RecordError]:
        return documents(read_each(files, _Threads().read))

    def _expand(self, given: str | Path) -> Iterator[Path]:
        yield from super()._expand(given)
        place = expanded(given)
        if place.is_dir() and self.only is None:  # a Maildir's further folders have names such as ".Sent"
            yield from (path for name in _MAILDIR for path in sorted(place.glob(f".*/{name}/*")) if path.is_file())

    def _takes(self, path: Path) -> bool:
        """Take of a folder what holds mails; in a Maildir, whatever it is called."""
        return path.parent.name in _MAILDIR or super()._takes(path)


class _Threads:
    """Puts each mail into the thread of those that it answers."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._by_subject: dict[str, Room] = {}

    def read(self, file: ChatFile) -> Iterator[Said | RecordError]:
        """Yield the mails of a file."""
        found = False
        try:
            with file.open() as stream:
                for number, data in enumerate(mails(_plain(stream, file)), 1):
                    found = True
                    yield from self._each(data, f"{file.path}: mail {number}")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield RecordError(f"received a damaged gzip file ({error}); fetch it again", record_id=str(file.path))
        if not found:
            yield RecordError("holds no mail", record_id=str(file.path))

    def _each(self, data: bytes, label: str) -> Iterator[Said | RecordError]:
        try:
            mail = read(data)
        except (ValueError, RecursionError, LookupError) as error:
            yield RecordError(f"received a damaged mail ({error}); expected headers and a text", record_id=label)
            return
        yield from self._said(mail)

    def _said(self, mail: OneMail) -> Iterator[Said]:
        room = self._room(mail)
        if mail.text:
            about = {"address": mail.address, "attachments": mail.files}
            if mail.subject != room.title:
                about["subject"] = mail.subject
            segment = Segment(
                mail.text, mail.author or None, mail.sent_at, url=mail.url, id=mail.id, reply_to=mail.answers,
                metadata=kept(about),
            )  # fmt: skip
            yield Said(room, segment)
        for item in mail.enclosed:
            yield from self._said(item)

    def _room(self, mail: OneMail) -> Room:
        """Return the thread: that of a mail before it, else that of its subject where it is an answer, else its own."""
        subject = mail.subject.casefold()
        room = next((self._rooms[item] for item in mail.earlier if item in self._rooms), None)
        if room is None and not mail.earlier and mail.is_reply:
            room = self._by_subject.get(subject)
        if room is None:
            metadata = kept({"platform": "mail", "list": mail.mailing_list})
            room = Room((mail.earlier or [mail.id])[0], mail.subject, by_day=False, metadata=metadata)
        for item in (mail.id, *mail.earlier):
            self._rooms.setdefault(item, room)
        self._by_subject[subject] = room
        return room


def _plain(stream: IO[bytes], file: ChatFile) -> IO[bytes]:
    return gzip.open(stream) if file.path.suffix.lower() == ".gz" else stream  # type: ignore[return-value]
