"""Discord, live: the messages of a channel through the bot API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from masa_rag.errors import ConfigurationError, RecordError, SourceFormatError
from masa_rag.sources._chat import Room, Said, documents, id_of, kept, text_of
from masa_rag.sources._discord_json import said
from masa_rag.sources._discord_message import Names, snowflake_time
from masa_rag.sources._rest import RestClient, token_from
from masa_rag.types import Document

TOKEN_VARIABLE = "DISCORD_BOT_TOKEN"  # noqa: S105 - the variable's name
PAGE = 100
"""The most messages a request may ask for (API reference, "Get Channel Messages")."""
_THREADS = frozenset({10, 11, 12})
_DAY_MS = 86_400_000


class DiscordChannel:
    """The messages of one Discord channel or thread, as a bot sees them; resumable.

    The bot's token is taken from the environment variable DISCORD_BOT_TOKEN when reading begins. The
    bot needs the permissions to view the channel and to read its history, and the message content intent.
    Documents have the ids that DiscordExport gives them.

    Args:
        channel_id: The channel's or thread's number.
        name: The source's name in the memory; by default ``discord:<channel id>``.
        overlap_days: How far behind the last message read reading begins anew, so that edits made
            since are seen; 0 reads only what is new.
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
        max_wait_s: float = 60.0,
        base_url: str = "https://discord.com/api/v10",
    ) -> None:
        self.channel_id = str(channel_id)
        if snowflake_time(self.channel_id) is None:
            raise ConfigurationError(
                f"received the channel id {channel_id!r}; expected a number such as 1217114388373311640"
            )
        self.name = name if name is not None else f"discord:{self.channel_id}"
        self.cursor: str | None = None
        self._overlap_ms = int(overlap_days * _DAY_MS)
        self._max_wait_s = max_wait_s
        self._base_url = base_url

    def __repr__(self) -> str:
        return f"<DiscordChannel {self.name!r}>"

    def __iter__(self) -> Iterator[Document | RecordError]:
        token = token_from(TOKEN_VARIABLE, service="DiscordChannel")
        client = RestClient(
            self._base_url, headers={"Authorization": f"Bot {token}"}, service="Discord", max_wait_s=self._max_wait_s
        )
        try:
            yield from self._read(client)
        finally:
            client.close()

    def _read(self, client: RestClient) -> Iterator[Document | RecordError]:
        about = client.get(f"/channels/{self.channel_id}")
        if not isinstance(about, dict):
            raise SourceFormatError("Discord answered with something else than a channel")
        room, names = _room(about, self.channel_id), Names()
        after = self._start()
        while True:
            page = self._page(client, after)
            messages = [item for record in reversed(page) for item in _said(record, room, names)]
            yield from documents(messages, finish=lambda segment: replace(segment, text=names.readable(segment.text)))
            newest = max((int(number) for record in page if (number := id_of(record, "id")).isdecimal()), default=after)
            if newest > int(self.cursor or 0):
                self.cursor = str(newest)
            if len(page) < PAGE or newest <= after:
                return
            after = newest

    def _start(self) -> int:
        """Return the id to read after: the cursor, moved back in time by the overlap."""
        cursor = self.cursor or ""
        return max(0, int(cursor) - (self._overlap_ms << 22)) if cursor.isdecimal() else 0

    def _page(self, client: RestClient, after: int) -> list[Any]:
        page = client.get(f"/channels/{self.channel_id}/messages", after=str(after), limit=PAGE)
        if not isinstance(page, list):
            raise SourceFormatError("Discord answered with something else than a list of messages")
        return page


def _said(record: Any, room: Room, names: Names) -> Iterator[Said | RecordError]:
    try:
        yield from said(record, room, names, label=f"Discord channel {room.metadata['channel_id']}", link=room.url)
    except RecordError as error:
        yield error


def _room(about: dict[str, Any], channel: str) -> Room:
    name, guild, parent = text_of(about, "name"), id_of(about, "guild_id"), id_of(about, "parent_id")
    title = f"#{name}" if name else f"Discord channel {channel}"
    link = f"https://discord.com/channels/{guild or '@me'}/{channel}"
    metadata = kept({"platform": "discord", "channel_id": channel, "channel": name, "topic": text_of(about, "topic")})
    if about.get("type") in _THREADS:
        return Room(f"{parent or channel}/thread/{channel}", title, link, by_day=False, metadata=metadata)
    return Room(channel, title, link, metadata=metadata)
