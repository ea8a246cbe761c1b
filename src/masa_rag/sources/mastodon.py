"""Mastodon: the posts of the archive that a server gives its users, ActivityPub as servers speak it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from masa_rag.errors import MasaRagError, RecordError
from masa_rag.sources._base import HEAD_BYTES, FileSource
from masa_rag.sources._chats.cooked import cooked_text
from masa_rag.sources._chats.fields import kept
from masa_rag.sources._jsonstream import ITEM, json_values, peek
from masa_rag.sources._jsonstream import Path as Keys
from masa_rag.sources._lines import opened
from masa_rag.sources._tweets.ids import IdSet
from masa_rag.sources._tweets.legacy import User
from masa_rag.sources._tweets.record import Tweet, count_of, list_of, mapping_of, text_of
from masa_rag.sources._tweets.threads import Assembler
from masa_rag.sources._written import time_of
from masa_rag.types import Document

_ACTIVITY: Keys = ("orderedItems", ITEM)
_INTO: frozenset[Keys] = frozenset({(), ("orderedItems",)})
_OPEN_TO = ("#Public", "as:Public", "/followers")
"""How the addresses end to which a post goes that is not for named people alone."""
_NAMING = re.compile(r'<a\b[^>]*\bclass="[^"]*\bmention\b[^"]*"[^>]*>')
"""A link to somebody who is named, or to a tag: the name says it."""


class MastodonExport(FileSource):
    """An account's own posts, from ``outbox.json`` or the zip that holds it: one document a post, or a self-thread.

    ``actor.json`` beside it says whose they are. A content warning stands above a post's words, the choices of a poll
    and the descriptions of pictures below. Boosts and posts to named people alone (direct messages) are left out.

    Args:
        paths: A file, a folder, a pattern, or several of them.
        name: The source's name in the memory; by default ``mastodon``, so that exports which overlap meet.

    A document's id is the post's address. ``metadata`` holds the handle (``username``, ``mara@tide.example``),
    ``reply_to``, ``hashtags``, ``mentions``, ``votes``, ``language`` and links to ``media``.
    """

    form: ClassVar[str] = "mastodon"
    global_ids = True
    suffixes: ClassVar[frozenset[str]] = frozenset({".json", ".zip"})
    beside: ClassVar[tuple[str, ...]] = ("actor.json", "likes.json", "bookmarks.json")

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Say whether it is an outbox with posts, or a zip that holds one."""
        try:
            if head.startswith(b"PK"):
                with opened(path, "outbox.json") as file:
                    head = file.read(HEAD_BYTES)
        except (OSError, MasaRagError):
            return False
        found = peek(head, into=_INTO) if b'"orderedItems"' in head else []
        return any(keys == _ACTIVITY and _is_activity(value) for keys, value in found)

    def _takes(self, path: Path) -> bool:
        return super()._takes(path) and path.name not in self.beside

    def __iter__(self) -> Iterator[Document | RecordError]:
        files, answered = self.files(), IdSet()
        for path in files:
            notes = (note for note in _notes(path) if not isinstance(note, RecordError))
            for parent in filter(None, (text_of(note.get("inReplyTo")) for note in notes)):
                answered.add(parent)
        assembler = Assembler(retweets=False, answered=answered)
        for path in reversed(files):  # as of tweets: of a post in several archives the latest counts
            owner = _owner(path)
            for note in _notes(path):
                if isinstance(note, RecordError):
                    yield note
                elif (post := _post(note, owner)) is not None:
                    yield from assembler.add(post)
        yield from assembler.finish()


def _notes(path: Path) -> Iterator[Mapping[str, Any] | RecordError]:
    """Yield the posts of an archive that are not for named people alone."""
    found = False
    try:
        with opened(path, "outbox.json" if path.suffix.lower() == ".zip" else None) as file:
            for item in json_values(file, into=_INTO, label=path.name, resembles=_is_activity):
                if isinstance(item, RecordError):
                    yield item
                elif isinstance(item, tuple) and item[0] == _ACTIVITY and _is_activity(item[1]):
                    found = True
                    note = mapping_of(item[1].get("object"))  # of a boost it is an address
                    if item[1]["type"] == "Create" and _is_open(note):
                        yield note
    except (OSError, MasaRagError) as error:
        yield RecordError(str(error), record_id=str(path))
        return
    if not found:
        yield RecordError("holds no posts; expected the outbox.json of Mastodon's archive", record_id=path.name)


def _is_activity(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in ("Create", "Announce")


def _is_open(note: Mapping[str, Any]) -> bool:
    groups = [note.get("to"), note.get("cc")]
    addresses = [address for group in groups for address in (group if isinstance(group, list) else [group])]
    return any(isinstance(address, str) and address.endswith(_OPEN_TO) for address in addresses)


def _owner(path: Path) -> User:
    """Return whose archive it is, as far as ``actor.json`` is there to say so."""
    member = "actor.json" if path.suffix.lower() == ".zip" else None
    try:
        with opened(path if member else path.with_name("actor.json"), member) as file:
            actor = mapping_of(json.load(file))
    except (OSError, MasaRagError, ValueError, RecursionError):
        return User()
    address, name = text_of(actor.get("id")), text_of(actor.get("preferredUsername"))
    handle = f"{name}@{urlsplit(address).netloc}" if name and address else name
    return User(address, text_of(actor.get("name")) or name, handle)


def _post(note: Mapping[str, Any], owner: User) -> Tweet | None:
    """Return a post, None for one without words."""
    address, text = text_of(note.get("id")), text_of(_words(note))
    if address is None or text is None:
        return None
    parent = text_of(note.get("inReplyTo"))
    return Tweet(
        id=address,
        text=text,
        author=owner.name,
        username=owner.username,
        user_id=owner.id or text_of(note.get("attributedTo")),
        created_at=time_of(note.get("published")),
        url=text_of(note.get("url")) or address,
        reply_to=parent,
        reply_to_user=parent.rpartition("/statuses/")[0] if parent is not None else None,
        metadata=_details(note),
    )


def _words(note: Mapping[str, Any]) -> str:
    warning, content = text_of(note.get("summary")), text_of(note.get("content")) or ""
    choices = (f"- {choice}" for choice in _votes(note))
    files = map(mapping_of, list_of(note.get("attachment")))
    told = ((str(file.get("mediaType")).partition("/")[0], text_of(file.get("name"))) for file in files)
    pictures = (f"[{kind}: {name}]" for kind, name in told if name is not None)
    return "\n".join(filter(None, (warning, cooked_text(_NAMING.sub("<a>", content)), *choices, *pictures)))


def _votes(note: Mapping[str, Any]) -> dict[str, int]:
    """Return {choice: votes} of a poll, in its order; the votes move, so they are no words."""
    choices = map(mapping_of, list_of(note.get("oneOf")) or list_of(note.get("anyOf")))
    named = ((text_of(choice.get("name")), mapping_of(choice.get("replies"))) for choice in choices)
    return {name: count_of(replies.get("totalItems")) or 0 for name, replies in named if name is not None}


def _details(note: Mapping[str, Any]) -> dict[str, Any]:
    tags = [(tag.get("type"), text_of(tag.get("name")) or "") for tag in map(mapping_of, list_of(note.get("tag")))]
    media = (text_of(mapping_of(file).get("url")) or "" for file in list_of(note.get("attachment")))
    return kept(
        {
            "hashtags": [name.lstrip("#") for kind, name in tags if kind == "Hashtag"],
            "mentions": [name.lstrip("@") for kind, name in tags if kind == "Mention"],
            "media": [address for address in media if address.startswith("https://")],
            "votes": _votes(note),
            "language": next(iter(mapping_of(note.get("contentMap"))), None),
            "sensitive": note.get("sensitive") is True,
        }
    )
