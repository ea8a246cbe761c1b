"""Discord, live: the messages of a channel and of its threads through the bot API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._chats.fields import id_of, kept, list_of, text_of
from masa_rag.sources._chats.messages import Room, Said, documents
from masa_rag.sources._chats.pages import gathered
from masa_rag.sources._discord.json import said
from masa_rag.sources._discord.message import Names, snowflake_time
from masa_rag.sources._rest import RestClient
from masa_rag.types import Document

TOKEN_VARIABLE = "DISCORD_BOT_TOKEN"  # noqa: S105 - the variable's name
PAGE = 100
"""The most messages a request may ask for (API reference, "Get Channel Messages")."""
_THREADS = frozenset({10, 11, 12})
_FORUMS = frozenset({15, 16})
"""Channels in which all is said in threads."""
_DAY_MS = 86_400_000


class DiscordChannel:
    """The messages of one Discord channel with its public threads, or of one thread, as a bot sees them; resumable.

    The bot's token is taken from the environment variable DISCORD_BOT_TOKEN when reading begins. The
    bot needs the permissions to view the channel and to read its history, and the message content intent.
    Documents have the ids that DiscordExport gives them: one a UTC day, and one a thread.

    Args:
        channel_id: The channel's or thread's number.
        name: The source's name in the memory; by default ``discord:<channel id>``.
        overlap_days: How far behind the last message read reading begins anew, so that edits made
            since are seen; 0 reads only what is new, and may miss what is said in a thread meanwhile.
        threads: Whether the channel's threads are read too, those that were archived included.
        max_wait_s: Seconds that one run may wait for rate limits.
        base_url: Where the API is.

    Attributes:
        cursor: The id of the last message read; None reads from the channel's beginning.
    """

    def __init__(
        self,
        channel_id: str | int,
        *,
        name: str | None = None,
        overlap_days: float = 1.0,
        threads: bool = True,
        max_wait_s: float = 60.0,
        base_url: str = "https://discord.com/api/v10",
    ) -> None:
        self.channel_id: str = str(channel_id)
        if snowflake_time(self.channel_id) is None:
            raise ConfigurationError(
                f"received the channel id {channel_id!r}; expected a number such as 1217114388373311640"
            )
        self.name: str = name if name is not None else f"discord:{self.channel_id}"
        self.cursor: str | None = None
        self._threads = threads
        self._overlap_ms = int(overlap_days * _DAY_MS)
        self._max_wait_s = max_wait_s
        self._base_url = base_url

    def __repr__(self) -> str:
        return f"<DiscordChannel {self.name!r}>"

    def __iter__(self) -> Iterator[Document | RecordError]:
        with RestClient(
            self._base_url, variable=TOKEN_VARIABLE, service="Discord", scheme="Bot", max_wait_s=self._max_wait_s
        ) as client:
            yield from self._read(client)

    def _read(self, client: RestClient) -> Iterator[Document | RecordError]:
        about = client.get(f"/channels/{self.channel_id}")
        if not isinstance(about, dict):
            raise SourceFormatError("Discord answered with something else than a channel")
        start = self._start()
        # Threads first: the cursor is the channel's, and moves only when they have been read.
        try:
            threads = list(self._threads_of(client, about, start)) if self._threads else []
        except SourceUnavailableError:
            raise
        except SourceError as error:  # the bot may read the channel and not see its threads
            threads = []
            yield RecordError(f"the threads cannot be listed ({error})", record_id=self.channel_id)
        latest = 0
        for thread in threads:
            room = _room(thread, id_of(thread, "id"), above=text_of(about, "name"))
            for found, newest in self._messages(client, room, start):
                yield from found
                latest = max(latest, newest)
        if about.get("type") in _FORUMS:
            self._move(latest)
            return
        for found, newest in self._messages(client, _room(about, self.channel_id), start):
            yield from found
            self._move(newest)

    def _move(self, newest: int) -> None:
        if newest > int(self.cursor or 0):
            self.cursor = str(newest)

    def _messages(
        self, client: RestClient, room: Room, after: int
    ) -> Iterator[tuple[Iterator[Document | RecordError], int]]:
        """Yield the documents of a channel, and the id of the newest message that was read with them."""
        names = Names()
        for messages, newest in gathered(self._pages(client, room, after, names)):
            yield documents(messages, finish=lambda part: replace(part, text=names.readable(part.text))), newest

    def _pages(
        self, client: RestClient, room: Room, after: int, names: Names
    ) -> Iterator[tuple[list[Said | RecordError], int]]:
        """Yield the messages of each page of a channel, and the id of the page's newest."""
        while True:
            page = self._page(client, room.metadata["channel_id"], after)
            newest = max((int(number) for record in page if (number := id_of(record, "id")).isdecimal()), default=after)
            yield [item for record in reversed(page) for item in _said(record, room, names)], newest
            if len(page) < PAGE or newest <= after:
                return
            after = newest

    def _threads_of(self, client: RestClient, about: dict[str, Any], after: int) -> Iterator[dict[str, Any]]:
        """Yield the threads of a channel in which something was said after ``after``; those that go on first."""
        guild = id_of(about, "guild_id")
        if about.get("type") in _THREADS or not guild:
            return
        active = list_of(client.get(f"/guilds/{guild}/threads/active"), "threads")
        rows = [row for row in active if id_of(row, "parent_id") == self.channel_id]
        for row in (*rows, *self._archived(client)):
            last = id_of(row, "last_message_id")
            if id_of(row, "id").isdecimal() and (not last.isdecimal() or int(last) > after):
                yield row

    def _archived(self, client: RestClient) -> Iterator[dict[str, Any]]:
        """Yield the archived public threads, page by page, the last archived first."""
        before: dict[str, str | int] = {}
        while True:
            page = client.get(f"/channels/{self.channel_id}/threads/archived/public", limit=PAGE, **before)
            rows = list_of(page, "threads")
            yield from rows
            archived = text_of(rows[-1].get("thread_metadata"), "archive_timestamp") if rows else ""
            if not (isinstance(page, dict) and page.get("has_more") is True) or archived in ("", before.get("before")):
                return
            before = {"before": archived}

    def _start(self) -> int:
        """Return the id to read after: the cursor, moved back in time by the overlap."""
        cursor = self.cursor or ""
        return max(0, int(cursor) - (self._overlap_ms << 22)) if cursor.isdecimal() else 0

    def _page(self, client: RestClient, channel: str, after: int) -> list[Any]:
        page = client.get(f"/channels/{channel}/messages", after=str(after), limit=PAGE)
        if not isinstance(page, list):
            raise SourceFormatError("Discord answered with something else than a list of messages")
        return page


def _said(record: Any, room: Room, names: Names) -> Iterator[Said | RecordError]:
    try:
        yield from said(record, room, names, label=f"Discord channel {room.metadata['channel_id']}", link=room.url)
    except RecordError as error:
        yield error


def _room(about: dict[str, Any], channel: str, *, above: str = "") -> Room:
    """Return the room of a channel, or of a thread of the channel that is called ``above``, named as in an export."""
    name, guild, parent = text_of(about, "name"), id_of(about, "guild_id"), id_of(about, "parent_id")
    title = (f"#{above} > {name}" if above else f"#{name}") if name else f"Discord channel {channel}"
    link = f"https://discord.com/channels/{guild or '@me'}/{channel}"
    metadata = kept({"platform": "discord", "channel_id": channel, "channel": name, "topic": text_of(about, "topic")})
    if about.get("type") in _THREADS:
        return Room(f"{parent or channel}/thread/{channel}", title, link, by_day=False, metadata=metadata)
    return Room(channel, title, link, metadata=metadata)
