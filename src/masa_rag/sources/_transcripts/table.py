"""Tables of what was said: a row a line or a message, with columns such as ``timestamp,speaker,text``.

Its times are places in a recording (``00:01:02``, seconds), or the day and hour of each message.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from itertools import islice, pairwise

from masa_rag._time import mail_time
from masa_rag.errors import SourceFormatError
from masa_rag.sources._transcripts.base import Line, Transcript, loose_clock, with_ends
from masa_rag.sources._written import DateOrder, time_of
from masa_rag.types import Segment

_NAMES = {
    "speaker": "speaker speakername speakerlabel sender sendername participant from",
    "author": "author authorname user username name",
    "text": "text message msg transcript sentence transcription utterance content caption",
    "time": "start starttime startseconds startms timestamp time timecode datetime date messagedate createdat sentat",
    "end": "end endtime endseconds endms",
}
"""Column of each field, by its name without case, blanks and punctuation; the first is taken."""
_MESSAGE = frozenset({"message", "msg"})
"""With a column of this name, a person of any name is one who writes; ``date,user,text`` may be anything."""
_PUNCTUATION = re.compile(r"\([^()]*\)|[^\w(]|[_(]")
"""Also the unit in ``Start (s)``."""
_FIRST_ROWS = 20
_LONGEST_HEADER = 4_096
_LATEST_S = 1e7
"""Seconds of a recording are fewer (115 days), those since 1970 more."""
_LONGEST_WORD_S, _LETTERS = 20.0, 6
"""Some three words are said in a second, of six letters with the blank."""
_NEAR_ZERO_S = 3600.0
"""A recording's first words are before this; later ones are hours of a day."""

Row = Mapping[str, str]


def looks_like_spoken_table(text: str) -> bool:
    """Say whether a text is a table of lines with speakers, whose times, if it has any, are places in a recording."""
    rows = list(islice(_rows(text), _FIRST_ROWS))
    times = [_seconds(row["time"]) for row in rows if row["time"]]
    return bool(rows) and None not in times and ("speaker" in rows[0] or (len(times) == len(rows) and _rise(times)))


def looks_like_messages(text: str) -> bool:
    """Say whether a text is a table of messages, most of which tell a day and hour that can be read."""
    rows = list(islice(_rows(text), _FIRST_ROWS))
    order = _order(text) if rows else DateOrder()
    told = sum(_moment(row["time"], order) is not None for row in rows)
    return bool(rows) and "speaker" in rows[0] and 2 * told >= len(rows)


def parse_spoken_table(text: str) -> Transcript:
    """Read a table of lines in its order; hours of a day are no places in a recording."""
    lines = [
        Line(row["text"], row.get("speaker") or None, _seconds(row["time"]), _seconds(row["end"]))
        for row in _rows(text)
    ]
    if _are_milliseconds(lines):
        lines = [Line(line.text, line.speaker, _thousandth(line.start), _thousandth(line.end)) for line in lines]
    first = next((line.start for line in lines if line.start is not None), 0.0)
    if first > _NEAR_ZERO_S:
        return Transcript([Line(line.text, line.speaker) for line in lines])
    return Transcript(with_ends(lines))


def _rise(times: Sequence[float | None]) -> bool:
    return all((before or 0.0) < (after or 0.0) for before, after in pairwise(times))


def _are_milliseconds(lines: Sequence[Line]) -> bool:
    """Say whether times would be of people who take twenty seconds for a word, and more."""
    timed = [line for line in lines if line.start is not None and line.end is not None]
    lasting = sum((line.end or 0.0) - (line.start or 0.0) for line in timed)
    return lasting > _LONGEST_WORD_S * sum(len(line.text) / _LETTERS for line in timed)


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1_000


def parse_messages(text: str) -> list[Segment]:
    """Return the messages in the table's order; a time without a zone is taken for UTC."""
    order = _order(text)
    return [
        Segment(row["text"], author=row["speaker"] or None, created_at=_moment(row["time"], order))
        for row in _rows(text)
    ]


def _rows(text: str) -> Iterator[Row]:
    """Yield the rows with words, by field; none where the first line does not name who says what."""
    opening, _, rest = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    mark = max(",;\t", key=opening.count)
    columns = _columns([name.strip('" ') for name in opening[:_LONGEST_HEADER].split(mark)])
    try:
        for cells in csv.reader(StringIO(rest), delimiter=mark) if columns else ():
            row = {field: cells[at].strip() if at < len(cells) else "" for field, at in columns.items()}
            if row["text"]:
                yield {"end": "", **row, "time": f"{row.get('day', '')} {row.get('time', '')}".strip()}
    except csv.Error as error:
        raise SourceFormatError(f"received a damaged table ({error}); save it anew as CSV") from error


def _columns(header: list[str]) -> dict[str, int]:
    """Return where the fields stand; nothing without words, or where nobody speaks and no times are a line's own."""
    names = [_PUNCTUATION.sub("", name).casefold() for name in header]
    found = {
        field: names.index(name)
        for field, known in _NAMES.items()
        if (name := next((name for name in known.split() if name in names), None)) is not None
    }
    who = found.pop("author", None)
    if "speaker" not in found and who is not None and "time" in found and not _MESSAGE.isdisjoint(names):
        found["speaker"] = who
    if {"date", "time"} <= set(names) and found["time"] == names.index("time"):
        found["day"] = names.index("date")
    return found if found.keys() >= {"speaker", "text"} or found.keys() >= {"time", "end", "text"} else {}


def _seconds(written: str) -> float | None:
    try:
        found = float(written.replace(",", "."))
    except ValueError:
        return loose_clock(written)
    return found if 0 <= found < _LATEST_S else None


def _order(text: str) -> DateOrder:
    found = DateOrder()
    for row in _rows(text):
        found.add(row["time"])
    return found


def _moment(written: str, order: DateOrder) -> datetime | None:
    """Return when a message was written, None for a place in a recording and for what cannot be read."""
    if not written or _seconds(written) is not None:
        return None
    return time_of(written) or order.read(written, UTC) or mail_time(written)
