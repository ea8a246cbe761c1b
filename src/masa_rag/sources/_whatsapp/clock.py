"""The date and time that open a line of a WhatsApp export, in the locales of the phones that write them.

The export has no fixed form: the phone formats date and time with its locale. The parts that vary
are listed here: separators, order, digits of any script, and the words for before and after noon
(from the Unicode CLDR, release 44, "dayPeriods").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

_BEFORE_NOON = (
    "am a vm fm ap dop de öö sa pd ص ق.ظ πμ пр.об пр.обяд fh pg म.पू पूर्वाह्न सुबह "
    "上午 凌晨 早上 清晨 早晨 오전 午前 ก่อนเที่ยง জঃ পূর্বাহ্ণ ਪੂ.ਦੁ முற்பகல் පෙ.ව ጥዋት "
    "e.paradites дп ಪೂರ್ವಾಹ್ನ"
)
_AFTER_NOON = (
    "pm p nm em ip odp pop du ös ch md م ب.ظ μμ сл.об eh ptg म.उ अपराह्न दोपहर शाम "
    "下午 中午 晚上 傍晚 夜里 오후 午後 หลังเที่ยง অপরাহ্ণ ਬਾ.ਦੁ பிற்பகல் ප.ව ከሰዓት "
    "e.pasdites пп ಅಪರಾಹ್ನ"
)
_MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_SPACE = "[ \u00a0\u202f\u2009\t]"
_THAI_ERA = 543
_NOWRUZ = date(2009, 3, 21)
_JALALI = range(1388, 1430)
"""Years of the Persian calendar, from the one that begins on _NOWRUZ; Islamic years since 2009 are larger."""
_JALALI_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
"""Which years of its cycle of 33 have a day more; it holds from 1244 to 1472."""
_FAR_LESS = 4  # in two dates by chance a third is common; days read as months take 30 times as long
_FIRST_YEAR = 2009  # WhatsApp was first released in 2009: an earlier date is not a header


def _bare(word: str) -> str:
    return re.sub(r"[\s.\u00a0\u202f]", "", word).casefold()


_HALVES = {_bare(word): False for word in _BEFORE_NOON.split()} | {_bare(word): True for word in _AFTER_NOON.split()}
_HALF = r"[^\W\d_][^\d\[\]:,<>\-–—\n]{0,14}"
_CLOCK = rf"(?P<hour>\d{{1,2}})(?:[:.٫]|{_SPACE}?h{_SPACE}?)(?P<minute>\d{{2}})(?:[:.٫](?P<second>\d{{2}}))?(?![\d:])"
_GAP = f"[{_MARKS} \u00a0\u202f]{{0,2}}"  # Arabic exports put U+200F between the numbers
_DATE = (
    rf"(?P<first>\d{{1,4}}){_GAP}(?P<separator>[./\-年년]){_GAP}(?P<middle>\d{{1,2}}){_GAP}[./\-月월]{_GAP}(?P<last>\d{{1,4}})"
    rf"(?:{_SPACE}?[日일.])?(?:{_SPACE}?г\.?)?"
)
_HALVED = rf"(?P<before>(?:{_HALF})?){_SPACE}*{_CLOCK}(?:{_SPACE}?[чน]\.)?{_SPACE}*(?P<after>(?:{_HALF})?){_SPACE}*"
_LINK = rf"(?:[,،、]|{_SPACE}?(?:klo|kl\.|um|às|à|a las|alle|at|в|u))?[{_MARKS}]*{_SPACE}*"
_HEADS = (f"{_DATE}{_LINK}{_HALVED}", f"{_HALVED}[,،]?{_SPACE}*{_DATE}{_SPACE}*")  # Vietnamese has the time first
_OPENINGS = tuple(
    (bracketed, re.compile(form.format(marks=_MARKS, head=head, space=_SPACE)))
    for bracketed, form in (
        (True, r"[{marks}]*\[{head}\]{space}?"),
        (False, r"[{marks}]*{head}(?:,?{space}+)?[-–—]{space}"),
    )
    for head in _HEADS
)


Shape: TypeAlias = tuple[bool, str, bool, bool]
"""In brackets, separator of the date, year first, year in four digits."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The date and time of one line, before it is known which number is the day.

    ``shape`` holds what is the same in every line of one export: a line of another shape is
    quoted text that looks like a message.
    """

    shape: Shape
    numbers: tuple[int, int, int]
    hour: int
    minute: int
    second: int
    half: bool
    """Whether a word for before or after noon was there."""
    padded: bool
    """Whether the first or second number has a zero before it."""


def stamp_of(line: str) -> tuple[Stamp, int] | None:
    """Return the stamp that opens a line and where the rest begins, or None if there is none."""
    found = ((bracketed, pattern.match(line)) for bracketed, pattern in _OPENINGS)
    bracketed, match = next(((bracketed, match) for bracketed, match in found if match is not None), (False, None))
    if match is None:
        return None
    first, separator, middle, last = match.group("first", "separator", "middle", "last")
    before, hour, minute, second, after = match.group("before", "hour", "minute", "second", "after")
    known = _known_half(before, after)
    if known is None:
        return None
    year_first = len(first) == 4
    shape = (bracketed, separator, year_first, len(first if year_first else last) == 4)
    hour_24 = _hour(int(hour), after_noon=known[1]) if known[0] else int(hour)
    if hour_24 > 23 or int(minute) > 59 or int(second or 0) > 59 or len(last) == 3 or len(first) == 3:
        return None
    numbers = (int(first), int(middle), int(last))
    padded = any(len(number) == 2 and int(number) < 10 for number in (first, middle))
    return Stamp(shape, numbers, hour_24, int(minute), int(second or 0), known[0], padded), match.end()


@lru_cache(maxsize=4_096)  # messages come several a minute
def stamp_alone(written: str) -> Stamp | None:
    """Return the stamp of a date and a clock with nothing behind them."""
    found = stamp_of(f"[{written}]")
    return found[0] if found is not None else None


def time_alone(written: str, *, day_first: bool) -> datetime | None:
    """Return the local time of a date and a clock with nothing behind them, None where they are none."""
    stamp = stamp_alone(written)
    return local_time(stamp, day_first=day_first) if stamp is not None else None


def _known_half(before: str, after: str) -> tuple[bool, bool] | None:
    """Return (is a half of the day named, is it the second), or None for words that mean neither."""
    words = [word for word in (_bare(before), _bare(after)) if word]
    if not words:
        return (False, False)
    if len(words) > 1 or words[0] not in _HALVES:
        return None
    return (True, _HALVES[words[0]])


def _hour(hour: int, *, after_noon: bool) -> int:
    if hour > 12:  # "15:30 PM": some phones write both
        return hour
    return hour % 12 + (12 if after_noon else 0)


class DateOrder:
    """Finds out whether dates are day/month or month/day, from all the stamps of one export.

    A number above 12 decides. Without one, the order in which time runs backwards less often does, then the
    one in which it jumps back less far. Where these agree, points between the numbers mean day/month; then the
    order in which the chat takes far less time is taken (2 days, not 61); then a zero before a number means
    day/month (the United States write 5/4/25), and at last "am"/"pm" mean the United States.
    """

    def __init__(self) -> None:
        self.count = 0
        self._above = [0, 0]  # how often the first, the second number can only be a day
        self._courses = (_Course(), _Course())  # as day/month and as month/day
        self._halves = 0
        self._has_points = self._is_padded = False

    def add(self, stamp: Stamp) -> None:
        """Take in the next line's stamp."""
        self.count += 1
        self._halves += stamp.half
        self._has_points |= stamp.shape[1] == "."
        self._is_padded |= stamp.padded
        for place, course in enumerate(self._courses):
            self._above[place] += 12 < stamp.numbers[place] <= 31
            course.add(local_time(stamp, day_first=place == 0))

    def day_first(self) -> bool:
        """Say whether the day comes first."""
        if self._above[0] != self._above[1]:
            return self._above[0] > self._above[1]
        days, months = self._courses
        if (days.steps, days.jumps) != (months.steps, months.jumps):
            return (days.steps, days.jumps) < (months.steps, months.jumps)
        if self._has_points:
            return True
        if _FAR_LESS * min(days.span, months.span) < max(days.span, months.span):
            return days.span < months.span
        return self._is_padded or not self._halves


@dataclass(slots=True)
class _Course:
    """How time runs through an export when its dates are read in one order."""

    steps: int = 0
    """How often it runs backwards."""
    jumps: timedelta = timedelta()
    """How far back in all."""
    _before: datetime | None = None
    _earliest: datetime = datetime.max  # noqa: DTZ901 - as local times, without a zone
    _latest: datetime = datetime.min  # noqa: DTZ901

    def add(self, time: datetime | None) -> None:
        """Take in the next line's time, None for a day that does not exist."""
        if time is None:
            return
        if self._before is not None and time < self._before:
            self.steps += 1
            self.jumps += self._before - time
        self._before = time
        self._earliest, self._latest = min(self._earliest, time), max(self._latest, time)

    @property
    def span(self) -> timedelta:
        """From the earliest message to the latest."""
        return max(self._latest - self._earliest, timedelta())


def local_time(stamp: Stamp, *, day_first: bool) -> datetime | None:
    """Return the local time without a zone, or None if no such day exists."""
    first, middle, last = stamp.numbers
    if stamp.shape[2]:
        year, month, day = first, middle, last
    else:
        day, month = (first, middle) if day_first else (middle, first)
        year = last
    year += 2000 if year < 100 else 0
    year -= _THAI_ERA if year > 2400 else 0
    try:
        whole = _from_jalali(year, month, day) if year in _JALALI else date(year, month, day)
        if whole.year < _FIRST_YEAR:
            return None
    except ValueError:
        return None
    return datetime(whole.year, whole.month, whole.day, stamp.hour, stamp.minute, stamp.second)  # noqa: DTZ001 - zone comes later


def _from_jalali(year: int, month: int, day: int) -> date:
    """Return the day of a date in the Persian calendar: six months of 31 days, five of 30, one of 29 or 30."""
    lengths = [31] * 6 + [30] * 5 + [29 + _is_leap(year)]
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise ValueError(day)
    before = sum(365 + _is_leap(passed) for passed in range(_JALALI.start, year))
    return _NOWRUZ + timedelta(days=before + sum(lengths[: month - 1]) + day - 1)


def _is_leap(jalali: int) -> bool:
    return jalali % 33 in _JALALI_LEAP
