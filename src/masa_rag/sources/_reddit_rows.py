"""The data that Reddit sends to a person: their posts and comments as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from masa_rag.errors import RecordError
from masa_rag.sources._chats.files import ChatFile
from masa_rag.sources._lines import named_rows, table_rows

_COLUMNS = frozenset({"id", "permalink", "date", "ip", "subreddit", "gildings", "body"})
POST = re.compile(r"/comments/([a-z0-9]+)(?:/|$)", re.IGNORECASE)
"""The post in an address."""


def is_table(head: bytes) -> bool:
    """Say whether this is the beginning of ``posts.csv`` or ``comments.csv``; the other tables hold no words."""
    first = next(table_rows(BytesIO(head[:1_000]), ""), None)
    return isinstance(first, tuple) and {name.lower() for name in first[1]} >= _COLUMNS


def rows(file: ChatFile) -> Iterator[dict[str, Any] | RecordError]:
    """Yield the rows with the names that Reddit's API has for the same; the addresses of the person stay out."""
    with file.open() as stream:
        for row in named_rows(stream, str(file.path)):
            yield row if isinstance(row, RecordError) else _record({name.lower(): cell for name, cell in row.items()})


def _record(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: row.get(name, "") for name in ("id", "permalink", "subreddit", "body")}
    found["created_utc"] = row.get("date", "")
    if "title" in row:
        return found | {"title": row["title"], "url": row.get("url", "")}
    post = POST.search(row.get("link", "")) or POST.search(found["permalink"])
    name = f"t3_{post[1].lower()}" if post is not None else ""
    return found | {"link_id": name, "parent_id": row.get("parent", "") or name}
