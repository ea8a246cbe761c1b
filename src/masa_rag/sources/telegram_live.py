"""Telegram, live: the messages of a chat through a user's or bot's own session (telethon)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from masa_rag._http.offline import check_online
from masa_rag._lazy import require
from masa_rag.errors import ConfigurationError, MasaRagError, RecordError, SourceError, SourceUnavailableError
from masa_rag.sources._chats.messages import Said, documents
from masa_rag.sources._chats.pages import gathered
from masa_rag.sources._telegram.live import Rooms, said
from masa_rag.types import Document

VARIABLES = ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION")
PAGE = 100
"""The most messages that Telegram gives in one answer (API, "messages.getHistory")."""
Result = TypeVar("Result")


class TelegramChannel:
    """The messages of one Telegram chat, group or channel, as an account sees them; resumable.

    ``TELEGRAM_API_ID`` and ``TELEGRAM_API_HASH`` (from my.telegram.org) and ``TELEGRAM_SESSION`` (a
    session string, made once with telethon's ``StringSession``) are taken from the environment when
    reading begins. Documents have the ids that TelegramExport gives them.

    Args:
        chat: A user name such as ``"harbour_crew"``, a link, or the chat's number.
        name: The source's name in the memory; by default ``telegram:<chat>``.
        overlap_messages: How many message numbers before the last one read are read again, so that
            edits made since are seen; 0 reads only what is new.
        max_wait_s: Seconds that one run may wait because Telegram asks for it.
        make_client: Returns the client to read with, in place of telethon's.

    Attributes:
        cursor: The number of the last message read; None reads from the chat's beginning.

    Reading runs on a thread with an event loop of its own, so it works where a loop runs already.
    """

    def __init__(
        self,
        chat: str | int,
        *,
        name: str | None = None,
        overlap_messages: int = 100,
        max_wait_s: float = 60.0,
        make_client: Callable[[], Any] | None = None,
    ) -> None:
        if not str(chat).strip():
            raise ConfigurationError("received an empty chat; expected a user name, a link or a number")
        self.chat = chat
        self.name: str = (
            name if name is not None else f"telegram:{str(chat).rstrip('/').rpartition('/')[2].lstrip('@')}"
        )
        self.cursor: str | None = None
        self._overlap = overlap_messages
        self._max_wait_s = max_wait_s
        self._make_client = make_client if make_client is not None else _telethon_client

    def __repr__(self) -> str:
        return f"<TelegramChannel {self.name!r}>"

    def __iter__(self) -> Iterator[Document | RecordError]:
        with _Loop() as loop:
            session = _Session(loop, self._make_client, self._max_wait_s)
            try:
                session.open()
                yield from self._read(session)
            finally:
                session.close()

    def _read(self, session: _Session) -> Iterator[Document | RecordError]:
        entity = session.call(lambda client: client.get_entity(self.chat))
        last = int(self.cursor) if self.cursor and self.cursor.isdecimal() else 0
        for messages, newest in gathered(self._pages(session, entity, max(0, last - self._overlap))):
            yield from documents(messages)
            if newest > last:
                last, self.cursor = newest, str(newest)

    @staticmethod
    def _pages(session: _Session, entity: Any, after: int) -> Iterator[tuple[list[Said | RecordError], int]]:
        """Yield the messages of each page, and the number of the page's newest."""
        rooms = Rooms(entity, lambda number: session.call(lambda client: client.get_messages(entity, ids=number)))
        while True:
            page = session.page(entity, after)
            newest = max(
                (number for record in page if isinstance(number := getattr(record, "id", None), int)), default=0
            )
            yield [item for record in page for item in said(record, rooms)], newest
            if len(page) < PAGE or newest <= after:
                return
            after = newest


class _Loop:
    """An event loop on a thread of its own, for as long as the ``with`` block lasts."""

    def __enter__(self) -> _Loop:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="masa-rag-telegram", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run to the end and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Session:
    """A connected client; all that it raises becomes a SourceError."""

    def __init__(self, loop: _Loop, make_client: Callable[[], Any], max_wait_s: float) -> None:
        self._loop = loop
        self._budget_s = max_wait_s
        self._client = loop.run(_made(make_client))

    def open(self) -> None:
        """Connect. Raises SourceError when the session is not known."""
        self.call(lambda client: client.connect())
        if not self.call(lambda client: client.is_user_authorized()):
            raise SourceError(
                "Telegram does not know this session; make a new session string with telethon's StringSession "
                "and put it into TELEGRAM_SESSION"
            )

    def page(self, entity: Any, after: int) -> list[Any]:
        """Return the next messages after that number, oldest first."""

        async def collect(client: Any) -> list[Any]:
            reading = client.iter_messages(entity, limit=PAGE, min_id=after, reverse=True)
            return [message async for message in reading]

        page: list[Any] = self.call(collect)
        return page

    def call(self, ask: Callable[[Any], Any]) -> Any:
        """Ask the client, waiting as often as Telegram asks for it and the budget allows."""
        while True:
            try:
                return self._loop.run(_awaited(ask, self._client))
            except MasaRagError:
                raise
            except (OSError, TimeoutError) as error:
                raise SourceUnavailableError(f"Telegram is not reachable ({type(error).__name__})") from error
            except Exception as error:  # noqa: BLE001 - telethon has some 500 kinds, known only where it is installed
                self._wait(error)

    def _wait(self, error: Exception) -> None:
        """Sleep if the error says for how long ("flood wait"); raise a SourceError if not."""
        seconds = getattr(error, "seconds", None)
        if not isinstance(seconds, int):
            raise SourceError(
                f"Telegram refused ({type(error).__name__}); check the chat's name and the session"
            ) from error
        if seconds > self._budget_s:
            message = f"Telegram asks to wait {seconds} s. Try again later"
            raise SourceUnavailableError(message, retry_after_s=float(seconds)) from error
        self._budget_s -= seconds
        time.sleep(seconds)

    def close(self) -> None:
        """Disconnect; a connection that is broken already is no error."""
        with suppress(Exception):  # what was read is read; there is nothing left to lose
            self._loop.run(_awaited(lambda client: client.disconnect(), self._client))


async def _made(make_client: Callable[[], Any]) -> Any:
    return make_client()  # within the loop, to which telethon binds its client


async def _awaited(ask: Callable[[Any], Any], client: Any) -> Any:
    answer = ask(client)
    return await answer if asyncio.iscoroutine(answer) or isinstance(answer, asyncio.Future) else answer


def _telethon_client() -> Any:
    values = [os.environ.get(name, "").strip() for name in VARIABLES]
    if missing := [name for name, value in zip(VARIABLES, values, strict=True) if not value]:
        raise ConfigurationError(
            f"TelegramChannel needs the environment variables {', '.join(missing)}, which are not set"
        )
    if not values[0].isdecimal():
        raise ConfigurationError("received a TELEGRAM_API_ID that is no number; see my.telegram.org")
    check_online("telegram.org")
    telethon = require("telethon", extra="telegram", purpose="Reading Telegram")
    sessions = require("telethon.sessions", extra="telegram", purpose="Reading Telegram")
    try:
        session = sessions.StringSession(values[2])
    except ValueError as error:
        raise ConfigurationError("received a TELEGRAM_SESSION that is no session string of telethon") from error
    client = telethon.TelegramClient(session, int(values[0]), values[1])
    client.flood_sleep_threshold = 0  # waiting is counted here
    return client
