"""Days of the asker's clock, and the moments at which they begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

Span = tuple[datetime, datetime]
"""The first moment of a stretch of time, and the first one after it."""


def midnight(now: datetime) -> datetime:
    """Return the beginning of a day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def day_of(now: datetime) -> Span:
    """Return the whole day of a moment."""
    return midnight(now), midnight(now) + timedelta(days=1)


def first_day(day: datetime, unit: str) -> datetime:
    """Return the first day of the week, month, quarter or year of a day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "quarter":
        return day.replace(day=1, month=day.month - (day.month - 1) % 3)
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def later(now: datetime, length: timedelta) -> datetime:
    """Return the moment after so much time, which a clock that is turned in between does not show."""
    return (now.astimezone(UTC) + length).astimezone(now.tzinfo)
