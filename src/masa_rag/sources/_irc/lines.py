"""One line of an IRC log: who says what, who changes the name, which day begins.

Read are the forms that irssi, WeeChat, ZNC, mIRC, HexChat, Textual, Eggdrop, Supybot and IRCCloud write, the bare
``[HH:MM] <nick> text`` of channel archives, and the protocol's own lines with their time
(``@time=… :nick!user@host PRIVMSG #chan :text``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from masa_rag.sources._lines import text_lines

_MONTH_NAMES = (
    "jan jän ene gen tam янв|feb fév fev hel фев|mar mär mrt maa мар|apr avr abr huh апр|"
    "may mai mei maj mag tou май мая|jun juin giu kes июн|jul juil lug hei июл|aug aoû ago elo авг|"
    "sep set syy сен|oct okt out ott lok окт|nov marr ноя|dec dez déc dic des jou дек"
)
"""How the months' names begin in English, German, French, Spanish, Portuguese, Italian, Dutch, the Nordic languages and
Russian: irssi and HexChat write them in the language of the computer."""
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES.split("|"), 1) for name in names.split()}
_CONTROL = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6})?|[\x00\x02\x0f\x11\x12\x15\x16\x1d\x1e\x1f]"
)
_NICK = r"[^\s<>:,]{1,64}"
_ISO = re.compile(
    r"\[?(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?\s?(Z|[+-]\d{2}:?\d{2})?\]?[ \t] ?"
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,5})\.? (\d{2}) (\d{2}):(\d{2}):(\d{2})[ \t]")
_CLOCK = re.compile(r"[\[(]?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])[Mm])?[\])]?[ \t]")
_SIGNS = "[~&@%+!. ]{0,40}"  # of rank, several where a client shows all; blanks, where it aligns the names
_SHOWN = r"[^\s<>][^<>\t]{0,63}?"
"""A name as it is shown between signs: those of bridges to other networks have blanks and colons."""
_HERE = r"(?::[#&][^\s<>]{0,63})?"  # the channel, where irssi shows several in one window
_SAID = re.compile(rf"<{_SIGNS}({_SHOWN}){_HERE} {{0,40}}>(?:[ \t]|$)(.*)", re.DOTALL)
_TABBED = re.compile(rf"<?{_SIGNS}([^\s<>:,][^<>:,\t]{{0,63}})>?\t(.*)", re.DOTALL)  # "Ann:" is of other logs
_ACTION = re.compile(rf"\s*(?:\*\s+|Action: |— )({_NICK}){_HERE}(?: (.*)|$)", re.DOTALL)
_TEXTUAL_ACTION = re.compile(rf"• ({_NICK}):(?: (.*)|$)", re.DOTALL)
_RENAMED = re.compile(rf"(?:\W+|\w+:? )?({_NICK})(?: \[[^\]]*\])? is now known as ({_NICK})\s*$")
_NICK_CHANGE = re.compile(rf"(?:Nick change: ({_NICK}) ->|\* ({_NICK}) →) ({_NICK})\s*$")
_NOTICE_ACTION = re.compile(
    r"(?:[\[(]\S*@\S*[\])] )?(?:has (?:joined|left)(?: [#&]|\s*$)|has quit\b|has (?:changed|set) |"
    r"sets? (?:mode|channel|topic)\b|set (?:[+-]|the topic )|→ \S+$|is now known as |was kicked by |changes topic to |"
    r"(?:gives|removes) (?:channel operator|voice)|\([^)]*@[^)]*\) (?:joined|left|[Qq]uit)|joined #|left #|quit \()"
)
_NOTICE_MARK = re.compile(r"\s*(?:(?:-!-|={3}|\*{1,3}|-->|<--|--|=!=|[→←⇐])\s|\S{1,64} [\[(]\S*@\S*[\])] )")
_UNTIMED_NOTICE = re.compile(
    rf"\s*(?:-!-|=!=|={{3}}|\*{{1,3}}|-->|<--|---?)\s+(?:mode/[#&]|topic (?:for|of) [#&]|"
    rf"{_NICK} +(?:[\[(]\S*@\S*[\])] +)?(?:{_NOTICE_ACTION.pattern}|changed the topic of [#&]))",
    re.IGNORECASE,
)
_NOTICE_WORD = re.compile(
    r"\b(?:joined|left|quits?|joins|parts|is now known as|sets? mode|modes?[ /]|topic|kicked|netsplit|netjoin|"
    r"day changed|log (?:opened|closed)|now talking|irssi:)",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    r"(?:(?:has )?(?:[Jj]oined|left)(?: channel)? |Now talking (?:in|on) |Session Ident: |Topic for )"
    r"([#&][^\s,:]*[^\s,:.])"
)
_MONTH_NAME = re.compile(r"\b([^\W\d_]{3,10})\.? +(\d{1,2})\b[ ,]+(?:\d{1,2}:\d{2}(?::\d{2})? )?(\d{4})\b")
_DAY_LINE = re.compile(r"---|\*\*\*\*|Session (?:Start|Time|Close)|\[?\d{1,2}:\d{2}\S* (?:-!- Day changed|--- )|--\t")
_RAW = re.compile(
    rf"@(?:(?!time=)[^;\s]*;)*+time=([^;\s]+)(?:;\S*+)? +:({_NICK}?)(?:!\S*)? +([A-Z]+|\d{{3}}) +(\S+)(?: +:?(.*))?",
    re.DOTALL,
)
"""Time, nick, command, target and text of a line with tags (IRCv3, "Message tags" and "server-time")."""
_LONGEST_NOTICE = 1_000  # the protocol's longest line has 512 bytes
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that opens a line. ``day`` is None where the line names none, ``offset`` where it has no zone.

    ``month_day`` holds month and day of forms that leave out the year.
    """

    seconds: int
    day: date | None = None
    offset: timezone | None = None
    month_day: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is: a message has an author; a change of name has ``renamed`` (old, new)."""

    clock: Clock | None = None
    author: str | None = None
    text: str = ""
    action: bool = False
    renamed: tuple[str, str] | None = None
    day: date | None = None
    """The day that this line says begins."""
    channel: str | None = None
    room: str | None = None
    """The channel, or the two people, among whom this line says itself that it was said."""
    known: bool = True
    """Whether the line is of a form that logs have."""
    notice: bool = False
    """Whether the line tells what nobody says: a join, a quit, a mode, a new day."""


def read_lines(path: Path) -> Iterator[Line]:
    """Return the lines of a log; those that are not UTF-8 are read as Windows-1252."""
    with path.open("rb") as file:
        for line in text_lines(file, fallback="cp1252"):
            yield parse_line(line)


def parse_line(raw: str) -> Line:
    """Return what the line is; never raises."""
    line = _CONTROL.sub("", raw)
    if _DAY_LINE.match(line) and (day := _day_of(line)) is not None:
        return Line(day=day, channel=_channel(line), notice=True)
    if (match := _RAW.fullmatch(line)) is not None:
        return _raw(match)
    clock, end = _clock(line)
    if clock is None:
        notice = _UNTIMED_NOTICE.match(line[:_LONGEST_NOTICE]) is not None
        known = notice or line.startswith(_BARE_NOTICES) or not line.strip()
        return Line(renamed=_renamed(line), channel=_channel(line), known=known, notice=notice)
    body = line[end:]
    if (match := _SAID.match(body)) is not None:
        return Line(clock, author=match[1], text=match[2].strip())
    if clock.day is not None and line[end - 1] == "\t":
        return _weechat(clock, body)
    match = _ACTION.match(body) or _TEXTUAL_ACTION.match(body)
    if match is not None and not _NOTICE_ACTION.match(match[2] or "") and match[1] not in _NOT_NICKS:
        return Line(clock, author=match[1], text=(match[2] or "").strip(), action=True)
    return Line(clock, renamed=_renamed(body), channel=_channel(body), notice=_is_notice(body))


def _raw(match: re.Match[str]) -> Line:
    """Return what a line of the protocol is: who speaks and where, a new name, or a notice."""
    time, nick, command, target, text = match.groups()
    clock, _ = _clock(f"{time} ")
    if command == "NICK":
        return Line(clock, renamed=(nick, target.removeprefix(":")), notice=True)
    if command != "PRIVMSG" or clock is None:
        return Line(clock, known=clock is not None, notice=True)
    room = target if target.startswith(("#", "&")) else ", ".join(sorted((nick, target)))
    words = (text or "").removeprefix("\x01ACTION ").removesuffix("\x01")
    if words.startswith("\x01"):  # other questions that programs ask each other
        return Line(clock, notice=True)
    return Line(clock, author=nick, text=words.strip(), action=words != text, room=room)


_BARE_NOTICES = ("===", "---", "***", "-->", "<--", "-!-", "Session ")  # not "* ": lists have it
_NOT_NICKS = frozenset(
    {"***", "*", "Now", "Topic", "Users", "Set", "Joins:", "Parts:", "Quits:", "Disconnected", "Socket", "Channel"}
)


def _weechat(clock: Clock, body: str) -> Line:
    match = _TABBED.match(body)
    prefix, _, rest = body.partition("\t")
    if prefix.strip() == "*":
        nick, _, text = rest.partition(" ")
        return Line(clock, author=nick, text=text.strip(), action=True) if nick else Line(clock)
    if match is None or prefix.strip() in ("-->", "<--", "--", "=!=", ""):
        return Line(clock, renamed=_renamed(rest), channel=_channel(rest), notice=_is_notice(body))
    return Line(clock, author=match[1], text=match[2].strip())


def _clock(line: str) -> tuple[Clock | None, int]:
    for read, pattern in ((_iso, _ISO), (_plain, _CLOCK), (_month_day, _MONTH_DAY)):
        if (match := pattern.match(line)) is not None:
            try:
                return read(match), match.end()
            except ValueError:  # 2024-13-45, 25:61
                return None, 0
    return None, 0


def _iso(match: re.Match[str]) -> Clock:
    year, month, day, hour, minute, second, offset = match.groups()
    return Clock(_seconds(hour, minute, second), date(int(year), int(month), int(day)), _offset(offset))


def _plain(match: re.Match[str]) -> Clock:
    hour, minute, second, half = match.groups()
    if half is not None:
        hour = str(int(hour) % 12 + (12 if half in "pP" else 0))
    return Clock(_seconds(hour, minute, second))


def _month_day(match: re.Match[str]) -> Clock:
    month, day, hour, minute, second = match.groups()
    number = _month(month)
    if number is None or not 1 <= int(day) <= 31:
        raise ValueError(month)
    return Clock(_seconds(hour, minute, second), month_day=(number, int(day)))


def _month(name: str) -> int | None:
    word = name.lower()
    return _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])


def _seconds(hour: str, minute: str, second: str | None) -> int:
    numbers = int(hour), int(minute), int(second or 0)
    if numbers[0] > 23 or numbers[1] > 59 or numbers[2] > 60:
        raise ValueError(numbers)
    return numbers[0] * 3600 + numbers[1] * 60 + min(numbers[2], 59)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return timezone.utc  # noqa: UP017 - the type is timezone
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _day_of(line: str) -> date | None:
    line = line[:_LONGEST_NOTICE]
    try:
        if (match := _MONTH_NAME.search(line)) is not None and (month := _month(match[1])) is not None:
            return date(int(match[3]), month, int(match[2]))
        if (match := _ISO_DAY.search(line)) is not None:
            return datetime.strptime(match[0], "%Y-%m-%d").date()  # noqa: DTZ007 - a date, no time
    except ValueError:
        pass  # 30 February: the line says nothing
    return None


def _is_notice(text: str) -> bool:
    return _NOTICE_MARK.match(text) is not None and _NOTICE_WORD.search(text[:_LONGEST_NOTICE]) is not None


def _renamed(text: str) -> tuple[str, str] | None:
    if len(text) > _LONGEST_NOTICE:
        return None
    if (match := _RENAMED.search(text) if " is now known as " in text else _NICK_CHANGE.match(text)) is None:
        return None
    old, *others = filter(None, match.groups())
    return old, others[0]


def _channel(text: str) -> str | None:
    match = _CHANNEL.search(text[:_LONGEST_NOTICE])
    return match[1] if match else None
