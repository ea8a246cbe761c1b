"""WhatsApp: the text file (or the zip that holds it) of "Export chat"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar

from masa_rag.errors import RecordError, SourceError
from masa_rag.sources._chats.days import at, day_documents
from masa_rag.sources._chats.fields import clean as storable
from masa_rag.sources._chats.messages import FIRST_FILES
from masa_rag.sources._chats.zoned import ZonedSource
from masa_rag.sources._lines import is_damaged, member_head, zip_texts
from masa_rag.sources._whatsapp.form import Form
from masa_rag.sources._whatsapp.notices import clean
from masa_rag.sources._whatsapp.signs import COPY, COPY_OF_FILE, chat_title, looks_like_export
from masa_rag.types import Document, Segment


class WhatsAppExport(ZonedSource):
    """Chats exported from WhatsApp, with or without media: ``.txt`` files and the zips of the app.

    One document a chat and UTC day; each message is a segment. Notices of the app, media without a
    caption and deleted messages are left out; a caption stays and names its file in
    ``metadata["attachments"]``; ``metadata["edited"]`` marks an edited message, ``metadata["votes"]`` counts a poll's.

    The export has neither ids nor a zone. An id is made of chat, time, sender and text, so that
    overlapping exports merge; a message that was edited between two exports replaces its older
    wording, which has its time and sender and is not in the newer export. Whether a date is day/month
    or month/day is taken from the whole file: a number above 12, then the order in which time runs
    forward, then points between the numbers (day/month), then the order in which the chat takes far less
    time, then a zero before a number (day/month), then "am"/"pm" (month/day).

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name; by default ``whatsapp:`` and the file's, without the "(1)" of a later download.
        chat: The chat's name, first part of the documents' ids. By default it is taken from the
            file's name ("WhatsApp Chat with Ann.txt"), so keep that the same, or give it. An iPhone's
            "_chat.txt" is named after its folder, unpacked or in a zip, or else after the zip; in a
            temporary folder it stays "_chat".
        timezone: IANA name of the zone that the exporting phone was in.
        day_first: True for day/month, False for month/day, None to find out.
    """

    form = "whatsapp"
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt", ".zip"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        chat: str | None = None,
        timezone: str = "UTC",
        day_first: bool | None = None,
    ) -> None:
        super().__init__(paths, name=name, timezone=timezone)
        first = COPY_OF_FILE.sub("", self.origin)
        if first != self.origin:  # a later export of the chat stands for the earlier one beside it
            self.name: str = COPY.sub("", self.name)
            self.origin: str = first
        self.chat = chat
        self._day_first = day_first

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the text, or a text in the zip, opens with dated lines of the app's form.

        Somebody must speak in them, or the file's name or the encryption notice say that it is WhatsApp.
        """
        if head[:2] == b"PK":
            return any(_is_chat(path, member) for member in zip_texts(path)[:FIRST_FILES])
        return looks_like_export(head, path.stem)

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        members: list[str | None] = [None]
        if path.suffix.lower() == ".zip":
            members = [name for name in zip_texts(path) if _is_chat(path, name)]
            if not members:
                yield RecordError("no chat in this zip; expected the zip that WhatsApp exports", record_id=str(path))
        for member in members:
            try:
                yield from self._chat(path, member)
            except SourceError as error:
                yield error if isinstance(error, RecordError) else RecordError(str(error), record_id=str(path))

    def _chat(self, path: Path, member: str | None) -> Iterator[Document | RecordError]:
        form = Form(path, member, day_first=self._day_first)
        if form.shape is None:
            expected = "expected lines such as '01/05/2024, 18:30 - Ann: hello'"
            yield RecordError(f"no message found; {expected}", record_id=str(path))
            return
        title = self.chat if self.chat is not None else chat_title(path, member)
        metadata = {"platform": "whatsapp"}
        yield from day_documents(self._messages(form), channel=title, title=title, metadata=metadata)

    def _messages(self, form: Form) -> Iterator[Segment | RecordError]:
        for number, stamp, text in form.entries():
            record = f"{form.path}:{number}"
            if stamp is None or (local := form.time(stamp)) is None:
                problem = "no message opens here" if stamp is None else "no such date"
                yield RecordError(f"{problem}: {text[:60]!r}", record_id=record)
            elif (created_at := at(local, self._zone)) is None or is_damaged(text):
                yield RecordError("the text is not UTF-8; export the chat again", record_id=record)
            elif (parts := form.split(text)) is not None:
                body, metadata = clean(storable(parts[1]), form.file_words)
                if body:
                    yield Segment(body, author=storable(parts[0]), created_at=created_at, metadata=metadata)


def _is_chat(path: Path, member: str) -> bool:
    """Say whether a text in a zip is an export."""
    return looks_like_export(member_head(path, member), PurePosixPath(member).stem)
