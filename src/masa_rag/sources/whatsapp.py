"""WhatsApp: the text file (or the zip that holds it) of "Export chat"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from masa_rag.errors import RecordError, SourceError
from masa_rag.sources._base import FileSource
from masa_rag.sources._days import at, day_documents
from masa_rag.sources._fields import clean as storable
from masa_rag.sources._fields import zone_of
from masa_rag.sources._lines import head_lines, is_damaged, member_head, zip_texts
from masa_rag.sources._whatsapp_clock import stamp_of
from masa_rag.sources._whatsapp_form import Form
from masa_rag.sources._whatsapp_notices import clean, is_notice_sender
from masa_rag.types import Document, Segment

_COPY = re.compile(r"\s*\(\d{1,3}\)$")
_FILE_TITLE = re.compile(
    r"(?:whatsapp[ -](?:chat|sohbeti|gesprek|čet)|chat (?:de |do |di )?whatsapp|(?:conversa|conversación|conversazione|"
    r"conversation|discussion)(?: (?:de|do|di|whatsapp)){1,2}|чат whatsapp|与|與)"
    r"(?:\s+(?:with|mit|avec|con|com|met|med|с контактом|с|ile|-)|\s*-)\s+(?P<title>.+)",
    re.IGNORECASE,
)
_LOG_LEVEL = re.compile(r"(?:^|\W)(?:trace|debug|info|notice|warn|warning|error|critical|fatal)$", re.IGNORECASE)


class WhatsAppExport(FileSource):
    """Chats exported from WhatsApp, with or without media: ``.txt`` files and the zips of the app.

    One document a chat and UTC day; each message is a segment. Notices of the app, media without a
    caption and deleted messages are left out; a caption stays and names its file in
    ``metadata["attachments"]``; ``metadata["edited"]`` marks an edited message.

    The export has neither ids nor a zone. An id is made of chat, time, sender and text, so that
    overlapping exports merge; a message that was edited between two exports replaces its older
    wording, which has its time and sender and is not in the newer export. Whether a date is day/month
    or month/day is taken from the whole file: a number above 12, then the order in which time runs
    forward, then "am"/"pm".

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name; by default ``whatsapp:`` and the file's.
        chat: The chat's name, first part of the documents' ids. By default it is taken from the
            file's name ("WhatsApp Chat with Ann.txt"), so keep that the same, or give it.
        timezone: IANA name of the zone that the exporting phone was in.
        day_first: True for day/month, False for month/day, None to find out.
    """

    form = "whatsapp"
    suffixes = frozenset({".txt", ".zip"})

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        name: str | None = None,
        chat: str | None = None,
        timezone: str = "UTC",
        day_first: bool | None = None,
    ) -> None:
        super().__init__(paths, name=name)
        self.chat = chat
        self.timezone = timezone
        self._zone = zone_of(timezone)
        self._day_first = day_first

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether the text, or a text in the zip, opens with a dated message of the app's form."""
        if head[:2] == b"PK":
            return any(_looks_like_export(member_head(path, member)) for member in zip_texts(path)[:5])
        return _looks_like_export(head)

    def _read(self, path: Path) -> Iterator[Document | RecordError]:
        members: list[str | None] = [None]
        if path.suffix.lower() == ".zip":
            members = [name for name in zip_texts(path) if _looks_like_export(member_head(path, name))]
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
        title = self.chat if self.chat is not None else _title(path, member)
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
                body, metadata = clean(storable(parts[1]))
                if body:
                    yield Segment(body, author=storable(parts[0]), created_at=created_at, metadata=metadata)


def _looks_like_export(head: bytes) -> bool:
    """Say whether the first line is dated in the app's way and somebody says something."""
    lines = head_lines(head)
    if not lines or stamp_of(lines[0]) is None:
        return False
    rests = [line[found[1] :] for line in lines if (found := stamp_of(line)) is not None]
    senders = [sender for rest in rests if (sender := rest.partition(":")[0]) != rest]
    said = [sender for sender in senders if not is_notice_sender(sender)]
    return bool(said) and not any(_LOG_LEVEL.search(sender) or sender.startswith("<") for sender in said)


def _title(path: Path, member: str | None) -> str:
    """Return the chat's name: what the app put into a file name, or else the file's stem."""
    inside = Path(member).stem if member is not None else path.stem
    names = [_COPY.sub("", name) for name in (inside, path.stem, path.absolute().parent.name)]
    for name in names:
        if (match := _FILE_TITLE.fullmatch(name)) is not None:
            return match["title"].strip()
    return names[0] if names[0] != "_chat" or member is None else names[1]
