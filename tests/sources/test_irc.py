"""IRC logs: the forms of many clients, the day that lines leave out, and who is who."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, errors, said, segments, survives

from masa_rag.sources import open_sources
from masa_rag.sources._base import read_head
from masa_rag.sources._irc.lines import parse_line
from masa_rag.sources.irc import IrcLogs
from masa_rag.testing.contracts import SourceContract

PLAIN = (
    "=== ann [~ann@host.example]  has joined #boats\n"
    "[23:58] <ann> who brings the ropes?\n"
    "[23:59] <bo> ann: I do\n"
    "[23:59]  * cy waves\n"
    "=== bo is now known as bo_away\n"
    "[00:01] <bo_away> good night\n"
)
IRSSI = (
    "--- Log opened Mon May 13 23:58:00 2024\n"
    "23:58 -!- ann [~ann@host.example] has joined #boats\n"
    "23:58 <@ann> who brings the ropes?\n"
    "23:59 < bo> ann: I do\n"
    "23:59  * cy waves\n"
    "23:59 -!- bo is now known as bo_away\n"
    "--- Day changed Tue May 14 2024\n"
    "00:01 <+bo_away> good night\n"
)
WEECHAT = (
    "2024-05-13 23:58:00\t-->\tann (~ann@host.example) has joined #boats\n"
    "2024-05-13 23:58:10\t@ann\twho brings the ropes?\n"
    "2024-05-13 23:59:00\tbo\tann: I do\n"
    "2024-05-13 23:59:05\t *\tcy waves\n"
    "2024-05-13 23:59:30\t--\tbo is now known as bo_away\n"
    "2024-05-14 00:01:00\t+bo_away\tgood night\n"
)
ZNC = (
    "[23:58:00] *** Joins: ann (~ann@host.example)\n"
    "[23:58:10] <ann> who brings the ropes?\n"
    "[23:59:00] <bo> ann: I do\n"
    "[23:59:05] * cy waves\n"
    "[23:59:30] *** bo is now known as bo_away\n"
    "[23:59:40] <bo_away> good night\n"
)
MIRC = (
    "Session Start: Mon May 13 23:50:00 2024\n"
    "Session Ident: #boats\n"
    "[23:58] * Now talking in #boats\n"
    "[23:58] <@ann> \x02who\x02 brings \x0304,01the\x03 ropes?\n"
    "[23:59] <bo> ann: I do\n"
    "[23:59] * cy waves\n"
    "[23:59] * dan (~dan@host.example) has joined #boats\n"
    "[23:59] * dan sets mode: +o bo\n"
    "[23:59] * bo is now known as bo_away\n"
    "Session Time: Tue May 14 00:00:00 2024\n"
    "[00:01] <bo_away> good night\n"
    "Session Close: Tue May 14 00:02:00 2024\n"
)
HEXCHAT = (
    "**** BEGIN LOGGING AT Mon May 13 23:50:00 2024\n\n"
    "May 13 23:58:00 *\tNow talking on #boats\n"
    "May 13 23:58:10 <ann>\twho brings the ropes?\n"
    "May 13 23:59:00 <bo>\tann: I do\n"
    "May 13 23:59:05 *\tcy waves\n"
    "May 13 23:59:30 *\tbo is now known as bo_away\n"
    "May 14 00:01:00 <bo_away>\tgood night\n"
    "**** ENDING LOGGING AT Tue May 14 00:02:00 2024\n"
)
TEXTUAL = (
    "[2024-05-13T23:58:08+0200] ann (~ann@host.example) joined the channel.\n"
    "[2024-05-13T23:58:09+0200] -ChanServ- welcome\n"
    "[2024-05-13T23:58:10+0200] <@ann> who brings the ropes?\n"
    "[2024-05-13T23:59:00+0200] <bo> ann: I do\n"
    "[2024-05-13T23:59:05+0200] • cy: waves\n"
    "[2024-05-14T00:01:00+0200] <bo_away> good night\n"
)
EGGDROP = (
    "[23:50] --- Mon May 13 2024\n"
    "[23:58] ann (~ann@host.example) joined #boats.\n"
    "[23:58] <ann> who brings the ropes?\n"
    "[23:59] <bo> ann: I do\n"
    "[23:59] Action: cy waves\n"
    "[23:59] Nick change: bo -> bo_away\n"
    "[00:00] --- Tue May 14 2024\n"
    "[00:01] <bo_away> good night\n"
)
SUPYBOT = (
    "2024-05-13T23:57:00+0000  *** ann has joined #boats\n"
    "2024-05-13T23:58:10+0000  <ann> who brings the ropes?\n"
    "2024-05-13T23:59:00+0000  <bo> ann: I do\n"
    "2024-05-13T23:59:05+0000  * cy waves\n"
    "2024-05-13T23:59:30+0000  *** bo is now known as bo_away\n"
    "2024-05-14T00:01:00+0000  <bo_away> good night\n"
)
SPOKEN = [("ann", "who brings the ropes?"), ("bo", "ann: I do"), ("cy", "waves"), ("bo_away", "good night")]


def write(folder: Path, text: str, name: str = "2024-05-13.log") -> Path:
    """Write a log."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class TestContract(SourceContract):
    """The contract of sources."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, PLAIN)

    def make(self) -> IrcLogs:
        """A log that passes midnight."""
        return IrcLogs(self.path)


@pytest.mark.parametrize(
    "text", [PLAIN, IRSSI, WEECHAT, ZNC, MIRC, HEXCHAT, TEXTUAL, EGGDROP, SUPYBOT],
    ids=["plain", "irssi", "weechat", "znc", "mirc", "hexchat", "textual", "eggdrop", "supybot"],
)  # fmt: skip
def test_the_same_talk_in_every_form(tmp_path: Path, text: str) -> None:
    """Joins, modes and topics are left out, actions kept, signs of rank and colours taken off."""
    path = write(tmp_path, text)
    assert IrcLogs.recognises(path, read_head(path))
    source = IrcLogs(path)
    assert list(said(source)) == SPOKEN
    assert [bool(item.metadata.get("action")) for item in segments(source)] == [False, False, True, False]
    assert errors(source) == []


@pytest.mark.parametrize(
    "text", [PLAIN, IRSSI, WEECHAT, MIRC, HEXCHAT, EGGDROP, SUPYBOT],
    ids=["plain", "irssi", "weechat", "mirc", "hexchat", "eggdrop", "supybot"],
)  # fmt: skip
def test_midnight_and_names(tmp_path: Path, text: str) -> None:
    """The last line is of the next day; who was renamed is remembered."""
    path = write(tmp_path, text)
    days = documents(IrcLogs(path))
    assert [document.id for document in days] == ["#boats/2024-05-13", "#boats/2024-05-14"]
    (last,) = days[1].segments
    assert last.created_at == datetime(2024, 5, 14, 0, 1, tzinfo=UTC)
    assert last.metadata["formerly"] == "bo"


@pytest.mark.parametrize(
    ("name", "month"),
    [("März", 3), ("Mär", 3), ("Okt", 10), ("Dez", 12), ("mai", 5), ("févr.", 2), ("juin", 6), ("juil.", 7),
     ("août", 8), ("ago", 8), ("giu", 6), ("mrt", 3), ("marras", 11), ("maalis", 3), ("окт", 10), ("December", 12)],
)  # fmt: skip
def test_months_in_the_language_of_the_computer(tmp_path: Path, name: str, month: int) -> None:
    """In the lines of HexChat and in the day lines of irssi."""
    hexchat = (
        f"**** BEGIN LOGGING AT Wed Jan  3 10:00:00 2024\n\n{name} 13 10:01:00 <ann>\thi\n{name} 13 10:02:00 <bo>\tyo\n"
    )
    irssi = f"--- Log opened Mo {name} 13 10:00:00 2024\n10:01 < ann> hi\n10:02 < bo> yo\n"
    for text in (hexchat, irssi) if len(name) < 6 else (irssi,):
        path = write(tmp_path, text, "#boats.log")
        assert IrcLogs.recognises(path, read_head(path))
        assert [item.created_at for item in segments(IrcLogs(path))] == [
            datetime(2024, month, 13, 10, minute, tzinfo=UTC) for minute in (1, 2)
        ]


def test_exports_of_irccloud(tmp_path: Path) -> None:
    """They are no chats of WhatsApp, whose dates look alike; arrows mark joins and quits, a dash an action."""
    lines = [
        "→ Joined channel #boats", "* Channel mode is +cnt", "<ann> who: me?", "— bo waves", "* bo → bo_away",
        "<bo_away> hi", "⇐ cy quit (~c@host.example): Quit: bye", "→ dan joined (~d@host.example)",
        "* ChanServ set +o ann", "* Socket closed", "* ann set the topic to tides",
    ]  # fmt: skip
    text = "".join(f"[2024-05-13 23:50:{second:02}] {line}\n" for second, line in enumerate(lines))
    (source,) = open_sources(write(tmp_path, text, "boats.txt"))
    (day,) = documents(source)
    assert day.id == "#boats/2024-05-13"
    assert [(item.author, item.text, dict(item.metadata)) for item in day.segments] == [
        ("ann", "who: me?", {}), ("bo", "waves", {"action": True}), ("bo_away", "hi", {"formerly": "bo"}),
    ]  # fmt: skip


def test_lines_of_the_protocol(tmp_path: Path) -> None:
    """Time, nick and channel stand in tags and commands; one file may hold several channels and private talk."""
    lines = [
        "@time=2024-05-13T23:58:00.000Z :ann!~ann@host.example JOIN #boats",
        "@time=2024-05-13T23:58:10.500Z;msgid=a1 :ann!~ann@host.example PRIVMSG #boats :who brings: the ropes?",
        "@account=bo;time=2024-05-13T23:59:00.000Z :bo!~bo@host.example PRIVMSG #dock :tide is low",
        "@time=2024-05-13T23:59:05.000Z :cy PRIVMSG #boats :\x01ACTION waves\x01",
        "@time=2024-05-13T23:59:06.000Z :cy!c@host.example PRIVMSG bo :\x01VERSION\x01",
        "@time=2024-05-13T23:59:30.000Z :bo!~bo@host.example NICK :bo_away",
        "@time=2024-05-14T00:01:00.000Z :bo_away!~bo@host.example PRIVMSG ann good",
        "@time=2024-05-14T00:02:00.000Z :ann!~ann@host.example PRIVMSG bo_away :night",
    ]
    path = write(tmp_path, "".join(f"{line}\r\n" for line in lines), "raw.log")
    assert IrcLogs.recognises(path, read_head(path))
    boats, dock, private = documents(IrcLogs(path))
    assert [item.id for item in (boats, dock, private)] == [
        "#boats/2024-05-13", "#dock/2024-05-13", "ann, bo_away/2024-05-14",
    ]  # fmt: skip
    assert [(item.author, item.text) for item in boats.segments] == [("ann", "who brings: the ropes?"), ("cy", "waves")]
    assert boats.segments[0].created_at == datetime(2024, 5, 13, 23, 58, 10, tzinfo=UTC)
    assert [(item.author, item.text) for item in dock.segments] == [("bo", "tide is low")]
    assert [(item.author, item.text) for item in private.segments] == [("bo_away", "good"), ("ann", "night")]
    assert private.segments[0].metadata == {"formerly": "bo"}


def test_days_that_only_a_line_names(tmp_path: Path) -> None:
    """A log of Eggdrop under a name without a date."""
    days = documents(IrcLogs(write(tmp_path, EGGDROP, "boats.log")))
    assert [document.id for document in days] == ["#boats/2024-05-13", "#boats/2024-05-14"]


def test_zones(tmp_path: Path) -> None:
    """An offset in the line wins; without one the parameter tells."""
    assert segments(IrcLogs(write(tmp_path, TEXTUAL)))[0].created_at == datetime(2024, 5, 13, 21, 58, 10, tzinfo=UTC)
    found = segments(IrcLogs(write(tmp_path, IRSSI), timezone="Europe/Berlin"))
    assert found[0].created_at == datetime(2024, 5, 13, 21, 58, tzinfo=UTC)
    assert found[-1].created_at == datetime(2024, 5, 13, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("#boats_20240513.log", "#boats/2024-05-13"),
        ("irc.example.#boats.2024-05-13.weechatlog", "#boats/2024-05-13"),
        ("boats/2024-05-13.log", "boats/2024-05-13"),
        ("libera/#boats/2024-05-13.log", "#boats/2024-05-13"),
        ("2024/05/13/%23boats.txt", "#boats/2024-05-13"),
        ("boats.log", "boats/undated"),
        ("2024-99-13.log", "/undated"),
    ],
)
def test_channel_and_day_from_the_file_name(tmp_path: Path, name: str, document: str) -> None:
    """Names of archives, bouncers and clients; without a day, times stay unknown."""
    path = write(tmp_path, "[10:00] <ann> hello\n[10:01] <bo> hi\n", name)
    (found,) = documents(IrcLogs(path))
    assert found.id.endswith(document)
    assert [item.text for item in found.segments] == ["hello", "hi"]
    assert (found.segments[0].created_at is None) == document.endswith("undated")


def test_the_folder_of_days_names_the_channel(tmp_path: Path) -> None:
    """A notice in one of its days may name another: whoever quits gives any reason."""
    text = "[10:00:00] <ann> hello\n[10:01:00] *** Quits: bo (~bo@host.example) (joined #dock)\n"
    path = write(tmp_path, text, "#boats/2024-05-13.log")
    assert [item.id for item in documents(IrcLogs(path))] == ["#boats/2024-05-13"]


def test_an_hour_in_the_name_dates_that_hour(tmp_path: Path) -> None:
    """ "2024-05-14_00" holds the evening before as well."""
    days = documents(IrcLogs(write(tmp_path, PLAIN, "2024-05-14_00.txt")))
    assert [document.id[-10:] for document in days] == ["2024-05-13", "2024-05-14"]


def test_actions_and_odd_names(tmp_path: Path) -> None:
    """Names of brackets and bars; a sentence about joining is an action, a join is not."""
    text = (
        "[10:00] <|ann|> a\n[10:01] * [bo]`s has joined the navy\n[10:02] * cy has quit IRC (bye)\n"
        "[10:02] * dan has joined #boats\n[10:03] <ann^_^> <b>\n"
    )
    expected = [("|ann|", "a"), ("[bo]`s", "has joined the navy"), ("ann^_^", "<b>")]
    assert list(said(IrcLogs(write(tmp_path, text)))) == expected


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("12:34 <          bo> good night", "bo"),
        ("12:34 <@+bo> good night", "bo"),
        ("12:34 <@bo:#boats> good night", "bo"),
        ("12:34 <bo > good night", "bo"),
        ("12:34 <Bo Berg> good night", "Bo Berg"),
        ("12:34 <bo:tide.example> good night", "bo:tide.example"),
        ("2024-05-13 12:34:00\tBo Berg\tgood night", "Bo Berg"),
        ("2024-05-13 12:34:00\t<@bo>\tgood night", "bo"),
        ("12:34  * bo:#boats good night", "bo"),
    ],
)
def test_names_as_clients_show_them(line: str, author: str) -> None:
    """Names are read that are aligned, have several signs, the channel behind them, or blanks as behind a bridge."""
    assert (parse_line(line).author, parse_line(line).text) == (author, "good night")


def test_signs_that_are_no_names(tmp_path: Path) -> None:
    """A log is known by names without blanks and colons; nobody is called "a long pause", "Ann:" is of other logs."""
    cues = write(tmp_path, "[00:00:05] <a door falls shut> Who is there?\n[00:00:10] <a long pause> Bo.\n", "cues.txt")
    assert not IrcLogs.recognises(cues, read_head(cues))
    table = write(tmp_path, "2024-05-13 10:00:00\tAnn:\thello\n2024-05-13 10:00:10\tBo:\thi\n", "chat.txt")
    assert not IrcLogs.recognises(table, read_head(table))
    bridge = write(tmp_path, "[10:00] <ann> hello\n[10:01] <Bo Berg> hi\n[10:02] <ann> bye\n")
    assert IrcLogs.recognises(bridge, read_head(bridge))
    assert list(said(IrcLogs(bridge))) == [("ann", "hello"), ("Bo Berg", "hi"), ("ann", "bye")]


def test_other_encodings_line_by_line(tmp_path: Path) -> None:
    """One person writes UTF-8, another Windows-1252, in one file."""
    path = tmp_path / "2024-05-13.log"
    path.write_bytes("[10:00] <ann> café\n".encode() + "[10:01] <bo> café – oui\n".encode("cp1252"))
    assert [text for _, text in said(IrcLogs(path))] == ["café", "café – oui"]


def test_overlapping_logs_have_the_same_ids(tmp_path: Path) -> None:
    """A log that begins later gives its lines the ids they had."""
    whole = {item.id for item in segments(IrcLogs(write(tmp_path, ZNC, "a/#boats_2024-05-13.log")))}
    part = {
        item.id
        for item in segments(IrcLogs(write(tmp_path, "".join(ZNC.splitlines(True)[2:]), "b/#boats_2024-05-13.log")))
    }
    assert part < whole
    assert len(part) == 3


def test_bad_lines_are_reported(tmp_path: Path) -> None:
    """Impossible times and lines of no form are errors with their numbers; the rest is read."""
    path = write(tmp_path, "[10:00] <ann> hello\n[25:61] <ann> never\nwhat is this\n[10:01] <bo> hi\n")
    assert [text for _, text in said(IrcLogs(path))] == ["hello", "hi"]
    assert [error.record_id.rpartition(":")[2] for error in errors(IrcLogs(path))] == ["2", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "13/05/2024, 18:30 - Ann: hello\n13/05/2024, 18:31 - Bo: hi\n",
        "[00:12] Speaker A: hello\n[00:14] Speaker B: hi\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>hello\n",
        "10:00:00\tAnn:\thello\n10:00:01\tBo:\thi\n",
        "2024-05-13 10:00:00 INFO started\n2024-05-13 10:00:01 INFO stopped\n",
        '{"a": "[10:00] <ann> hello"}\n',
        "a,b\n1,2\n",
        "",
    ],
)
def test_other_texts_are_not_recognised(tmp_path: Path, text: str) -> None:
    """Chats, transcripts, logs of programs and tables belong to others."""
    path = write(tmp_path, text)
    assert not IrcLogs.recognises(path, read_head(path))


NETSPLITS = {
    "irssi": "10:{:02d} -!- ann{} [~ann@host.example] has quit [*.net *.split]",
    "weechat": "2024-05-13 10:{:02d}:00\t<--\tann{} (~ann@host.example) has quit (*.net *.split)",
    "znc": "[10:{:02d}:00] *** Quits: ann{} (~ann@host.example) (*.net *.split)",
    "plain": "=== ann{1} [~ann@host.example]  has quit [*.net *.split]",
    "hexchat": "May 13 10:{:02d}:00 *\tann{} has quit (*.net *.split)",
    "mirc": "[10:{:02d}] * ann{} (~ann@host.example) Quit (*.net *.split)",
}
SAID = {"weechat": "2024-05-13 10:59:00\tbo\tstill here?", "hexchat": "May 13 10:59:00 <bo>\tstill here?"}


@pytest.mark.parametrize("form", NETSPLITS)
@pytest.mark.parametrize("quits", [36, 150])
def test_a_log_that_opens_with_a_netsplit(tmp_path: Path, form: str, quits: int) -> None:
    """Notices do not speak against a log, however many stand before the first messages."""
    notices = [NETSPLITS[form].format(number % 60, number) for number in range(quits)]
    path = write(tmp_path, "\n".join([*notices, *[SAID.get(form, "[10:59] <bo> still here?")] * 3]) + "\n")
    assert IrcLogs.recognises(path, read_head(path))
    assert list(said(IrcLogs(path))) == [("bo", "still here?")] * 3


def test_the_log_of_a_program_that_quotes_messages_is_not_recognised(tmp_path: Path) -> None:
    """Timed lines that are no notices of chats speak against a log, wherever in its beginning they stand."""
    lines = [f"2024-05-13 10:{number % 60:02d}:00 INFO request {number} joined the queue" for number in range(200)]
    quoted = ["[10:00] <ann> hello", "[10:01] <bo> hi", "[10:02] <ann> bye"]
    for place in (0, 10, 100, 200):
        path = write(tmp_path, "\n".join([*lines[:place], *quoted, *lines[place:]]) + "\n")
        assert not IrcLogs.recognises(path, read_head(path)), place


@pytest.mark.parametrize(
    "words", [["joined", "left", "topic"], ["joined", "left", "topic"] * 12, ["she joined", "we left early"]]
)
@pytest.mark.parametrize("bullet", ["*", " *"])
def test_a_list_before_quoted_messages_is_no_log(tmp_path: Path, words: list[str], bullet: str) -> None:
    """Bullets are no notices: without a time, a notice names who joined or left."""
    quoted = ["[10:00] <ann> hello", "[10:01] <bo> hi", "[10:02] <ann> bye"]
    path = write(tmp_path, "\n".join([*(f"{bullet} {word}" for word in words), *quoted]) + "\n", "notes.txt")
    assert not IrcLogs.recognises(path, read_head(path))


@pytest.mark.parametrize(
    "notice",
    [
        "=== ann [~ann@host.example]  has joined #boats",
        "* ann has left #boats",
        "=== ann is now known as bo",
        "=== ann changed the topic of #boats to: sails",
        "=== mode/#boats [+o ann] by cy",
    ],
)
def test_notices_without_a_time(tmp_path: Path, notice: str) -> None:
    """A notice that names a person or a channel needs no time, however often it comes."""
    path = write(tmp_path, "\n".join([*[notice] * 40, *["[10:59] <bo> still here?"] * 3]) + "\n")
    assert IrcLogs.recognises(path, read_head(path))
    assert errors(IrcLogs(path)) == []


def test_a_folder_of_logs(tmp_path: Path) -> None:
    """Two days of a channel."""
    write(tmp_path / "logs", ZNC, "#boats_20240513.log")
    write(tmp_path / "logs", ZNC, "#boats_20240514.log")
    assert [item.id for item in documents(IrcLogs(tmp_path / "logs"))] == ["#boats/2024-05-13", "#boats/2024-05-14"]


HELLO = "[10:00] <ann> hello\n"


@pytest.mark.parametrize(
    ("names", "channels"),
    [
        (("log/libera/#c/2024-05-13.log", "log/oftc/#c/2024-05-13.log"), {"libera/#c", "oftc/#c"}),
        (("libera/#c.log", "oftc/#c.log", "oftc/#d.log"), {"libera/#c", "oftc/#c", "#d"}),
        (("irc.libera.#c.weechatlog", "irc.oftc.#c.weechatlog"), {"irc.libera/#c", "irc.oftc/#c"}),
        (("bouncer/libera/ann/2024-05-13.log", "oftc/ann/2024-05-13.log"), {"libera/ann", "oftc/ann"}),
        (("irc.libera.chat/#c.log", "OFTC-2/#c.log"), {"irc.libera.chat/#c", "OFTC-2/#c"}),
        (("irc.work.#c.weechatlog", "irc.home.2024-05.#c.weechatlog"), {"irc.work/#c", "irc.home/#c"}),
        (("libera/2024/#c.log", "oftc/May/#c.log", "old/#c.log"), {"libera/#c", "oftc/#c", "#c"}),
        (("libera/#c.log", "libera-2/#c.log", "oftc/#c.log"), {"libera/#c", "oftc/#c"}),
    ],
)
def test_a_channel_of_two_networks_is_two(tmp_path: Path, names: tuple[str, ...], channels: set[str]) -> None:
    """Of equal channels of several networks in one source, the ids begin with the network."""
    for name in names:
        write(tmp_path / "logs", HELLO, name)
    days = documents(IrcLogs(tmp_path / "logs"))
    assert {day.id.rpartition("/")[0] for day in days} == {day.title for day in days} == channels
    assert {day.title for day in documents(IrcLogs(tmp_path / "logs", channel="all"))} == {"all"}


@pytest.mark.parametrize(
    "names",
    [
        ("libera/#boats/2024-05-13.log", "libera/#boats/2024-05-14.log"),
        ("2024/05/13/#boats.txt", "2024/05/14/#boats.txt"),
        ("2024/#boats_20240513.log", "2025/#boats_20250513.log"),
        ("libera/#boats/2024-05-13.log", "libera/#boats.log"),
        ("part 1 #boats.log", "part2_#boats.log", "2024-05_#boats.log"),
        ("2024/May/#boats.log", "2024/June/#boats.log"),
        ("logs-2023/#boats.log", "logs-2024/#boats.log"),
        ("2024-W05/#boats.log", "2024-W06/#boats.log"),
        ("a/#boats_20240513.log", "old/#boats_20240514.log"),
        ("logs/#boats_20240513.log", "backup/#boats_20240513.log"),
        ("libera/#boats.log", "backup/#boats.log", "archive/libera/#boats.log"),
        ("libera/#boats.log", "irc.libera.chat/#boats.log", "libera-2/#boats.log", "irc.libera.#boats.weechatlog"),
        ("libera-2023/#boats.log", "oftc-2024/#boats.log", "libera-old/#boats.log", "oftc.logs/#boats.log"),
        ("ann/libera/x/#boats.log", "ann/oftc/y/#boats.log"),
        ("irc.libera.2024-05.#boats.weechatlog", "irc.libera.2024-W06.#boats.weechatlog"),
    ],
)
def test_a_channel_of_one_network_is_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Folders that are named for no network do not make another channel, nor do parts of a log."""
    for name in names:
        write(tmp_path, HELLO, name)
    assert {day.title for day in documents(IrcLogs(tmp_path))} == {"#boats"}


def test_replies_are_found_or_left_alone(tmp_path: Path) -> None:
    """Who is named is answered; ``threads=False`` sets no links."""
    path = write(tmp_path, ZNC)
    first, second, *_ = segments(IrcLogs(path))
    assert second.reply_to == first.id
    assert all(item.reply_to is None for item in segments(IrcLogs(path, threads=False)))


def test_a_document_a_conversation(tmp_path: Path) -> None:
    """Two talks at once and a lone greeting: three documents, each message in one of them."""
    text = (
        "[10:00] <ann> how do I mount a usb stick?\n[10:00] <bo> does anyone know why my sound card crackles?\n"
        "[10:01] <cy> ann: which file system is on the stick?\n[10:01] <dan> bo: try another sound driver\n"
        "[10:02] <ann> cy: I think fat32\n[10:02] <bo> dan: which driver instead?\n[10:40] <eve> hello everybody\n"
    )
    days = documents(IrcLogs(write(tmp_path, text, "#boats_20240513.log"), by_conversation=True))
    assert [[item.author for item in day.segments] for day in days] == [
        ["eve"],
        ["ann", "cy", "ann"],
        ["bo", "dan", "bo"],
    ]
    assert [day.id for day in days] == [
        "#boats/2024-05-13", *(f"#boats/2024-05-13/{day.segments[0].id}" for day in days[1:]),
    ]  # fmt: skip


def test_damaged_files(tmp_path: Path) -> None:
    """300 damaged files give documents and record errors only."""
    forms = (PLAIN, IRSSI, WEECHAT, ZNC, MIRC, HEXCHAT)
    for form in forms:
        survives(IrcLogs, form.encode(), tmp_path / "2024-05-13.log", files=50)


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    """10,000 damaged files within 256 MB."""
    for form in (PLAIN, IRSSI, WEECHAT, ZNC, MIRC):
        survives(IrcLogs, form.encode(), tmp_path / "2024-05-13.log", files=2_000)


def test_the_calendar_ends(tmp_path: Path) -> None:
    """After midnight of the last day that a date can hold, the day is unknown."""
    path = tmp_path / "9999-12-31.log"
    path.write_text("[23:00] <ann> late\n[01:00] <bo> later\n")
    assert [document.id.rpartition("/")[2] for document in documents(IrcLogs(path))] == ["9999-12-31", "undated"]
