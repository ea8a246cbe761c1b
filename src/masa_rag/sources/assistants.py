"""Conversations with assistants: what ChatGPT, Claude, Google Takeout (Gemini) and Grok give people of their data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from masa_rag.errors import RecordError, SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._assistants import chatgpt, claude, gemini, grok, projects
from masa_rag.sources._assistants.activity import is_page, may_be_page, page_entries
from masa_rag.sources._assistants.records import is_activity, is_known, records
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.exports import ChatExport
from masa_rag.sources._chats.fields import text_of
from masa_rag.sources._chats.files import ChatFile, is_zip, others_in_zips, read_each, unpacked
from masa_rag.sources._chats.messages import Said, documents
from masa_rag.types import Document

_EXPORTED = re.compile(r"(?:conversations(?:-\d+)?|projects|prod-grok-backend)\.json")
_ABOUT = (
    "user.json", "users.json", "message_feedback.json", "shared_conversations.json", "model_comparisons.json",
    "group_chats.json", "shopping.json", "sora.json",
)  # fmt: skip
_SENT = re.compile(
    r"file[-_].*|.*\.(?:dat|png|jpe?g|webp|gif|wav)|conversations(?:-\d+)?\.json|projects\.json|chat\.html"
)
"""Names of what lies in an export beside what is said: what was sent, and the same as a page."""
_USERS_BYTES = 1_048_576


class AssistantExport(ChatExport):
    """Conversations with ChatGPT, Claude, Gemini and Grok, one document each.

    Reads ``conversations.json`` (in larger exports ``conversations-000.json`` and on) of ChatGPT and of Claude, single
    conversations in the same form, ChatGPT's ``chat.html`` where it stands alone, Google Takeout's ``MyActivity.json``
    of Gemini, or ``MyActivity.html`` in its folder, and Grok's ``prod-grok-backend.json``, on disk or in a zip.

    Args:
        paths: A file, a folder, a pattern, or several.
        name: The source's name in the memory; by default ``assistants``, so that exports which overlap meet.
        me: The name under which the person's own words are stored. Claude's export says it; without it "You".

    The branch that is shown is read; how many messages are in others, where a question was edited or an answer made
    anew, is in the document's metadata (``other_branches``). Thoughts, what tools say, hidden messages and custom
    instructions are left out; texts of a canvas and artifacts are read as they were written first and anew, not what
    was changed in them. The text of files that Claude was sent comes before the message, without an author. A
    project of Claude is a document too: what it was told for all of its conversations, and the texts given with it.
    """

    form = "assistants"
    global_ids = True
    by_content = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".html", ".zip"})
    beside: ClassVar[tuple[str, ...]] = _ABOUT

    def __init__(
        self, paths: str | Path | Iterable[str | Path], *, name: str | None = None, me: str | None = None
    ) -> None:
        super().__init__(paths, name=name)
        self.me = me

    @classmethod
    def _is_known(cls, head: bytes) -> bool:
        return is_known(head) or may_be_page(head)

    @classmethod
    def _is_file(cls, path: Path, head: bytes) -> bool:
        return is_known(head) or is_page(path, head)

    @classmethod
    def _is_folder(cls, folder: Path) -> bool:
        """Say whether a folder holds one export, and nothing that somebody put beside it."""
        inside = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        exported = [path for path in inside if _EXPORTED.fullmatch(path.name)]
        strays = (path for path in inside if path.name not in _ABOUT and not _SENT.fullmatch(path.name.lower()))
        return bool(exported) and next(strays, None) is None and is_known(read_head(min(exported)))

    @classmethod
    def _may_hold(cls, item: Path) -> bool:
        """Say whether a file of a zip may hold conversations; Takeout's files are named in one's language."""
        is_log = "gemini" in item.parent.name.lower() and item.suffix.lower() in (".json", ".html")
        return is_log or _EXPORTED.fullmatch(item.name) is not None

    def __iter__(self) -> Iterator[Document | RecordError]:
        paths = self.files()
        for path in paths:
            me = self.me or _own_name(path) or "You"
            yield from read_each(unpacked([path], self._in_zip), partial(_conversations, me=me))
        yield from others_in_zips(paths, self, self._is_known)

    def _takes(self, path: Path) -> bool:
        """Take of a folder what holds conversations, and the page that shows them only where there is nothing else."""
        is_page = path.suffix.lower() == ".html"
        return super()._takes(path) and not (is_page and any(path.parent.glob("conversations*.json")))


def _own_name(path: Path) -> str:
    """Return the name of the person whose export this is, from the list of users that Claude puts beside it."""
    try:
        users = json.loads(_users(path))
    except (RecordError, SourceFormatError, OSError, ValueError, RecursionError):
        return ""
    people = [text_of(user, "full_name") for user in users] if isinstance(users, list) else []
    return people[0] if len(people) == 1 else ""


def _users(path: Path) -> bytes:
    if is_zip(path):
        with Archive(path) as archive:
            return archive.read("users.json", most=_USERS_BYTES)
    with path.with_name("users.json").open("rb") as file:
        return file.read(_USERS_BYTES)


def _conversations(file: ChatFile, *, me: str) -> Iterator[Document | RecordError]:
    log: list[Said | RecordError] = []
    found = False
    for record in page_entries(file) if is_page(file.path, file.head()) else records(file):
        found = True
        if isinstance(record, RecordError):
            yield record
        elif is_activity(record):
            log += gemini.said(record, me, str(file.path))
        elif (document := _document(record, me)) is not None:
            yield document
    yield from documents(log)
    if not found:
        yield RecordError("holds no conversations of ChatGPT, Claude, Gemini or Grok", record_id=str(file.path))


def _document(record: dict[str, Any], me: str) -> Document | None:
    if projects.is_project(record):
        return projects.document(record, me)
    if "mapping" in record:
        return chatgpt.document(record, me)
    return grok.document(record, me) if "responses" in record else claude.document(record, me)
