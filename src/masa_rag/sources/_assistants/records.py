"""The conversations in an export of ChatGPT, Claude, Gemini or Grok, record by record, however large the file is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._assistants.projects import is_project
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._jsonstream import ITEM, Closed, Path, json_values, peek

_LIST = ("conversations",)
_BASES: tuple[Path, ...] = ((), (ITEM,), (*_LIST, ITEM))
"""Where a conversation may lie: it is the file, or one of a list."""
_MESSAGES = ("mapping", "chat_messages", "responses")
_INTO = frozenset({*_BASES, _LIST, *((*base, name) for base in _BASES for name in _MESSAGES)})
_PAGE, _SCRIPT = b"<title>ChatGPT Data Export</title>", b"var jsonData = "
_HEAD_VALUES = 400
"""How many values of a file's beginning are looked at: ChatGPT writes up to 40 before the messages of a conversation,
and of Claude's the first may be empty."""


def is_conversation(value: Any) -> bool:
    """Say whether this is a conversation with ChatGPT (a tree of messages), Claude or Grok (lists of them)."""
    return isinstance(value, dict) and (
        isinstance(value.get("mapping"), dict)
        or isinstance(value.get("chat_messages"), list)
        or (isinstance(value.get("responses"), list) and isinstance(value.get("conversation"), dict))
    )


def is_activity(value: Any) -> bool:
    """Say whether this is an entry of Google's My Activity on Gemini, in whatever language."""
    if not isinstance(value, dict) or not {"header", "title", "time"} <= value.keys():
        return False
    product = str(value["header"])
    return "Gemini" in product or product == "Bard"


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and {"uuid", "sender"} <= value.keys()


def _is_node(value: Any) -> bool:
    return isinstance(value, dict) and {"message", "parent"} <= value.keys()


def _is_response(value: Any) -> bool:
    response = value.get("response") if isinstance(value, dict) else None
    return isinstance(response, dict) and {"message", "sender"} <= response.keys()


def is_known(head: bytes) -> bool:
    """Say whether a file begins as an export of conversations does."""
    about: dict[str, Any] = {}
    for path, value in peek(head[_start(head) :], into=_INTO, limit=_HEAD_VALUES):
        if path[-2:-1] == ("mapping",) and _is_node(value):
            return True
        if path[-2:] == ("chat_messages", ITEM) and _is_message(value):
            return True
        if path[-2:] == ("responses", ITEM) and _is_response(value):
            return True
        if path and path[:-1] in _BASES:
            about[path[-1]] = value
    # The first message may be longer than what is shown of the file.
    is_grok = isinstance(about.get("conversation"), dict) and b'"responses"' in head
    return (
        is_activity(about)
        or is_project(about)
        or is_grok
        or ({"uuid", "name"} <= about.keys() and b'"chat_messages"' in head)
    )


def _start(head: bytes) -> int:
    """Return where the JSON begins: at once, or within the script of a page by ChatGPT."""
    return head.find(_SCRIPT) + len(_SCRIPT) if _PAGE in head and _SCRIPT in head else 0


def records(file: ChatFile) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the conversations, and entries of activity, of a file, and an error for each stretch that is damaged.

    A conversation is put together message by message, for one may be longer than what is decoded at once.
    """
    start = _start(file.head())
    record: dict[str, Any] = {}
    with file.open() as stream:
        stream.read(start)
        for item in json_values(stream, into=_INTO, label=str(file.path), resembles=_resembles):
            if isinstance(item, RecordError):
                yield item
            elif isinstance(item, Closed):
                if item.path in _BASES:
                    yield from _whole(record)
                    record = {}
                if start and not item.path:  # the rest is the page's script
                    return
            elif is_conversation(item[1]):  # in one piece, found behind a damage
                yield from _whole(record)
                record = {}
                yield item[1]
            else:
                _put(record, *item)
    yield from _whole(record)  # of a file that is cut off


def _resembles(value: Any) -> bool:
    return is_conversation(value) or is_activity(value) or _is_message(value) or _is_response(value)


def _whole(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if is_conversation(record) or is_activity(record) or is_project(record):
        yield record


def _put(record: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value where it belongs in the conversation that is being read."""
    home = path[-2] if len(path) > 1 else ""
    if home == "mapping":
        record.setdefault("mapping", {})[path[-1]] = value
    elif home in ("chat_messages", "responses"):
        record.setdefault(home, []).append(value)
    elif path and path[:-1] in _BASES:
        record[path[-1]] = value
