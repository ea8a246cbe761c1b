"""What differs on Windows and macOS, each difference simulated on whatever the tests run on."""

from __future__ import annotations

import datetime as standard
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

import pytest

from masa_rag import Document, Memory
from masa_rag._shell import quoted
from masa_rag._time import parse_time
from masa_rag.sources._chats.fields import time_of

_LAST_OF_WINDOWS = 32_536_850_399


class _OfWindows(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, standard.datetime)


class _Datetime(standard.datetime, metaclass=_OfWindows):
    """``datetime`` whose C library knows no time before 1970 and none after the year 3000."""

    def __new__(cls, *values: int, **named: object) -> datetime:  # type: ignore[misc]
        return standard.datetime(*values, **named)  # type: ignore[arg-type]  # noqa: DTZ001

    @classmethod
    def fromtimestamp(cls, timestamp: float, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        if not 0 <= timestamp <= _LAST_OF_WINDOWS:
            raise OSError(22, "Invalid argument")
        return standard.datetime.fromtimestamp(timestamp, tz)


@pytest.fixture
def clock_of_windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Give all modules that are loaded when it is called the ``datetime`` of Windows."""

    def set_() -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("masa_rag") and vars(module).get("datetime") is standard.datetime:
                monkeypatch.setattr(module, "datetime", _Datetime)

    return set_


@pytest.mark.parametrize(
    ("seconds", "time"),
    [
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (-14_182_980.5, datetime(1969, 7, 20, 20, 16, 59, 500_000, tzinfo=UTC)),
        (32_536_850_400, datetime(3001, 1, 19, 22, tzinfo=UTC)),
    ],
)
def test_unix_seconds_of_any_year_are_a_time(
    clock_of_windows: Callable[[], None], seconds: float, time: datetime
) -> None:
    """Before 1970 and after 3000 too, for which the C library of Windows has no time."""
    clock_of_windows()
    assert parse_time(seconds) == time_of(seconds) == time_of(str(seconds)) == time


def test_what_was_said_before_1970_is_found(memory: Memory, clock_of_windows: Callable[[], None]) -> None:
    """A passage of 1969 has its time, and is shown in the overview of sources."""
    said = datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC)
    memory.add([Document(id="1", text="The eagle has landed.", created_at=said)], name="radio")
    memory.search("eagle")  # what it needs is loaded
    clock_of_windows()
    (hit,) = memory.search("eagle")
    (source,) = memory.info().sources
    assert (hit.chunk.started_at, source.first) == (said, said)


def test_commands_are_quoted_for_the_shells_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is shown can be pasted: on Windows single quotes are part of a word."""
    assert [quoted("brain"), quoted("my brain"), quoted("Ann's")] == ["brain", "'my brain'", "'Ann'\"'\"'s'"]
    monkeypatch.setattr("os.name", "nt")
    assert [quoted("brain"), quoted(r"C:\my brain"), quoted("Ann's")] == ["brain", r'"C:\my brain"', "Ann's"]
