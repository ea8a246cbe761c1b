"""Tables of tweets (CSV, TSV), also as Excel leaves them: in Windows-1252, with dates in the order of a country."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import cached_property
from pathlib import Path

from masa_rag.errors import RecordError
from masa_rag.sources._tables import Table
from masa_rag.sources._tweets.record import Tweet
from masa_rag.sources._tweets.rows import columns, row, written_time
from masa_rag.sources._written import DateOrder, Undated, worded_time

_HOUR = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE)


def table_tweets(path: Path, *, author: str | None, zone: tzinfo) -> Iterator[Tweet | RecordError]:
    """Yield the tweets of a table, an error for each bad row, and one for all dates that cannot be read."""
    table = TweetTable(path)
    yield from table.damage()
    undated = Undated(path.name)
    for line, value in table.rows():
        if isinstance(value, str):
            yield RecordError(f"{value}; the other rows are read", record_id=f"{path.name} line {line}")
            continue
        tweet = row(
            value,
            author=author,
            zone=zone,
            fields=table.fields,
            other_time=lambda written: table.order.read(written, zone) or worded_time(written, zone),
        )
        if tweet is not None:  # a row without words is no tweet to read
            if tweet.created_at is None:
                undated.add(line, written_time(value.get(table.fields.get("time", ""))))
            yield tweet
    yield from undated.report()


class TweetTable(Table):
    """A table of tweets.

    Attributes:
        fields: {field: column}, see ``columns``.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fields: Mapping[str, str] = columns(tuple(self.header))[0]
        self._clock = next((name for name in self.header if name.casefold() == "time"), None)

    def rows(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Yield (line, row), with the hour that stands in a column of its own; in place of a bad row, what is wrong."""
        for line, value in super().rows():
            yield line, value if isinstance(value, str) else self._timed(value)

    def _timed(self, value: dict[str, str]) -> dict[str, str]:
        """Return a row whose date has the hour that stands in a column of its own."""
        date = self.fields.get("time", "")
        hour = value.get(self._clock, "") if self._clock is not None else ""
        if _HOUR.fullmatch(hour) and ":" not in value.get(date, ":"):
            value[date] += f" {hour}"
        return value

    @cached_property
    def order(self) -> DateOrder:
        """The order of the numbers in its dates, which all of them together tell: read at the first that needs it."""
        found, column = DateOrder(), self.fields.get("time", "")
        for _, value in self.rows():
            if isinstance(value, dict):
                found.add(written_time(value.get(column)))
        return found
