"""Slack, live: the messages and threads of a channel through the Web API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError, SourceUnavailableError
from masa_rag.sources._chats.fields import kept, list_of, text_of, time_of
from masa_rag.sources._chats.messages import Room, Said, documents
from masa_rag.sources._chats.pages import gathered
from masa_rag.sources._rest import RestClient
from masa_rag.sources._slack.message import finished, said
from masa_rag.sources._slack.text import Names
from masa_rag.types import Document

TOKEN_VARIABLE = "SLACK_BOT_TOKEN"  # noqa: S105 - the variable's name
_DAY_S = 86_400
_LATER = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"}
)


@dataclass(slots=True)
class _Progress:
    """Where reading stands. Slack gives pages newest first, so one pass goes down from the top to the floor.

    Attributes:
        floor: All that was said until then is read, from passes that were finished.
        top: The newest message of the pass that is going on, "" between passes.
        below: The oldest message of it that was read.
    """

    floor: str = "0"
    top: str = ""
    below: str = ""

    @classmethod
    def parse(cls, cursor: str | None) -> _Progress:
        try:
            value = json.loads(cursor or "{}")
        except (ValueError, RecursionError):
            value = {}
        stamps = [ts if time_of(ts := text_of(value, name)) else "" for name in ("floor", "top", "below")]
        return cls(stamps[0] or "0", stamps[1], stamps[2])

    def __str__(self) -> str:
        return json.dumps({"floor": self.floor, "top": self.top, "below": self.below})


class SlackChannel:
    """The messages and threads of one Slack channel, as a bot that is its member sees them; resumable.

    The token is taken from the environment variable SLACK_BOT_TOKEN when reading begins. It needs the
    scopes ``channels:history`` and ``channels:read`` (``groups:…`` for private channels), and
    ``users:read`` for names. Documents have the ids that SlackExport gives them.

    Args:
        channel_id: The channel's id, such as ``C0123456789``.
        name: The source's name in the memory; by default ``slack:<channel id>``.
        workspace: First part of the workspace's address, for links.
        overlap_days: How far behind the last message read reading begins anew, so that edits and
            new answers in threads begun since are seen; 0 reads only what is new.
        max_wait_s: Seconds that one run may wait for rate limits.
        page_size: Messages a request; 15 for apps under Slack's limits of May 2025.
        base_url: Where the API is.

    Attributes:
        cursor: How far reading got, as JSON; None reads everything.
    """

    def __init__(
        self,
        channel_id: str,
        *,
        name: str | None = None,
        workspace: str | None = None,
        overlap_days: float = 7.0,
        max_wait_s: float = 120.0,
        page_size: int = 200,
        base_url: str = "https://slack.com/api",
    ) -> None:
        if not channel_id.isalnum():
            raise ConfigurationError(f"received the channel id {channel_id!r}; expected one such as C0123456789")
        self.channel_id = channel_id
        self.name: str = name if name is not None else f"slack:{channel_id}"
        self.workspace = workspace
        self.cursor: str | None = None
        self._overlap_s = overlap_days * _DAY_S
        self._max_wait_s = max_wait_s
        self._page_size = page_size
        self._base_url = base_url

    def __repr__(self) -> str:
        return f"<SlackChannel {self.name!r}>"

    def __iter__(self) -> Iterator[Document | RecordError]:
        with RestClient(
            self._base_url, variable=TOKEN_VARIABLE, service="Slack", max_wait_s=self._max_wait_s
        ) as client:
            yield from self._read(client)

    def _read(self, client: RestClient) -> Iterator[Document | RecordError]:
        names = Names(users={"USLACKBOT": "Slackbot"})
        try:
            for answer in _pages(client, "users.list", limit=200):
                for person in list_of(answer, "members"):
                    names.learn_user(person)
        except SourceUnavailableError:
            raise
        except SourceError as error:
            yield RecordError(f"the people's names stay ids ({error})", record_id=self.name)
        room = self._room(_call(client, "conversations.info", channel=self.channel_id).get("channel"), names)
        progress = _Progress.parse(self.cursor)
        if progress.top:
            yield from self._pass(client, room, names, progress)  # what was left of the last time
        progress.top = progress.below = ""
        yield from self._pass(client, room, names, progress)

    def _pass(
        self, client: RestClient, room: Room, names: Names, progress: _Progress
    ) -> Iterator[Document | RecordError]:
        for messages, cursor in gathered(self._history(client, room, names, progress)):
            yield from documents(messages, finish=lambda segment: finished(segment, names))
            self.cursor = cursor

    def _history(
        self, client: RestClient, room: Room, names: Names, progress: _Progress
    ) -> Iterator[tuple[list[Said | RecordError], str]]:
        """Yield pages from the top (or from where the pass was left) to the floor, each with the cursor behind it."""
        oldest = max(0.0, float(progress.floor) - self._overlap_s)
        more = True
        while more:
            bounds = {"latest": progress.below} if progress.below else {}
            answer = _call(
                client, "conversations.history",
                channel=self.channel_id, oldest=f"{oldest:.6f}", limit=self._page_size, **bounds,
            )  # fmt: skip
            page = list_of(answer, "messages")
            messages = [item for record in page for item in self._messages(client, record, room, names, progress.floor)]
            stamps = [ts for record in page if time_of(ts := text_of(record, "ts")) is not None]
            more = bool(answer.get("has_more")) and bool(stamps)
            if stamps:
                progress.top = progress.top or max(stamps, key=float)
                progress.below = min(stamps, key=float)
            if not more:
                progress.floor = max(progress.floor, progress.top or "0", key=float)
                progress.top = progress.below = ""
            yield messages, str(progress)

    def _messages(
        self, client: RestClient, record: dict[str, Any], room: Room, names: Names, floor: str
    ) -> Iterator[Said | RecordError]:
        yield from self._said(record, room, names)
        latest = text_of(record, "latest_reply")
        if record.get("reply_count") and not (time_of(latest) and float(latest) <= float(floor)):
            yield from self._thread(client, text_of(record, "ts"), room, names)

    def _thread(self, client: RestClient, ts: str, room: Room, names: Names) -> Iterator[Said | RecordError]:
        answers = _pages(client, "conversations.replies", channel=self.channel_id, ts=ts, limit=self._page_size)
        for record in (record for answer in answers for record in list_of(answer, "messages")):
            yield from self._said(record, room, names)

    def _said(self, record: dict[str, Any], room: Room, names: Names) -> Iterator[Said | RecordError]:
        try:
            yield from said(record, room, names, label=f"Slack channel {self.channel_id}", workspace=self.workspace)
        except RecordError as error:
            yield error

    def _room(self, about: Any, names: Names) -> Room:
        name, person = text_of(about, "name"), text_of(about, "user")
        title = f"#{name}" if name else names.users.get(person, person) or self.channel_id
        metadata = kept({"platform": "slack", "channel_id": self.channel_id, "channel": name})
        return Room(self.channel_id, title, metadata=metadata)


def _pages(client: RestClient, method: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
    """Yield the answers of a method, page by page."""
    following = None
    while following != "":
        answer = _call(client, method, **parameters, **({"cursor": following} if following else {}))
        yield answer
        following = text_of(answer.get("response_metadata"), "next_cursor")


def _call(client: RestClient, method: str, **parameters: str | int) -> dict[str, Any]:
    """Return the answer of a method; Slack says in the body whether it worked."""
    answer = client.get(f"/{method}", **parameters)
    if not isinstance(answer, dict):
        raise SourceFormatError(f"Slack answered {method} with something else than an object")
    if answer.get("ok"):
        return answer
    reason = text_of(answer, "error")[:100] or "no reason"
    if reason == "ratelimited" or reason in _LATER:
        raise SourceUnavailableError(f"Slack answered {method} with {reason!r}; try again later")
    hint = (
        f"Check the token in {TOKEN_VARIABLE} and its scopes"
        if reason in _TOKEN
        else "Check the id, and invite the bot"
    )
    raise SourceError(f"Slack refused {method} ({reason}). {hint}")
