"""Published chat logs, counted again by means of their own: no code of the library reads the raw files here."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, errors, segments

from masa_rag.sources import open_source
from masa_rag.sources.irc import IrcLogs
from masa_rag.sources.whatsapp import WhatsAppExport

pytestmark = pytest.mark.real_data

# One pattern a file, written by looking at it: the openings of lines that are messages of the chat.
WHATSAPP = {
    "_chat.txt": (
        r"\u200e?\[(\d\d\.\d\d\.\d\d), (\d\d:\d\d:\d\d)\] (Alice Placeholder|John Doe): ?",
        "%d.%m.%y %H:%M:%S",
    ),
    "_chat 2.txt": (r"\[(\d\d\.\d+\.\d{4}), (\d\d:\d\d:\d\d)\] (Peter Doe|John Doe): ?", "%d.%m.%Y %H:%M:%S"),
    "_chat 3.txt": (
        r"(\d\d?/\d\d/\d\d), (\d\d:\d\d) - (n|Very long username|Even longer[^:]+|The final test|John Doe): ?",
        "%d/%m/%y %H:%M",
    ),
    "_chat 4.txt": (r"(\d\d/\d\d/\d\d), (\d+:\d\d:\d\d [AaPp][Mm]) – (John Doe): ?", "%m/%d/%y %I:%M:%S %p"),
}


@pytest.mark.parametrize("name", WHATSAPP)
def test_whatsapp(data: Path, name: str) -> None:
    """Messages, authors, times and texts of each file."""
    path = data / "formats" / "whatsapp" / name
    pattern, form = WHATSAPP[name]
    expected: list[tuple[datetime, str, str]] = []
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        match = re.match(pattern, line)
        notice = re.match(r"\[\d\d\.\d\d\.\d\d, [\d:]+\] This is an info entry|.*Messages to this chat", line)
        if match is not None:
            time = datetime.strptime(f"{match[1]} {match[2]}".upper().replace("%", ""), form).replace(tzinfo=UTC)
            expected.append((time, match[3], line[match.end() :]))
        elif notice is None:
            time, author, text = expected[-1]
            expected[-1] = (time, author, f"{text}\n{line}")
    expected = sorted(((time, author, text.strip()) for time, author, text in expected), key=lambda item: item[0])
    found = [(item.created_at, item.author, item.text) for item in segments(WhatsAppExport(path))]
    assert found == expected
    assert errors(WhatsAppExport(path)) == []
    assert type(open_source(path)).__name__ == "WhatsAppExport"


def test_irc(data: Path) -> None:
    """Messages, authors and times of the ten logs; first, tenth and last by value."""
    total = 0
    for path in sorted((data / "irc_disentanglement" / "dev").glob("*.ascii.txt")):
        source = open_source(path, threads=False)
        assert isinstance(source, IrcLogs)
        expected = []
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            match = re.match(r"\[(\d\d):(\d\d)\] (?:<([^>]*)>| \* (\S+)) (.*\S)\s*$", line)
            if match is not None:
                expected.append((int(match[1]), int(match[2]), match[3] or match[4], match[5].strip()))
        found = [
            (item.created_at.hour, item.created_at.minute, item.author, item.text)
            for item in segments(source)
            if item.created_at is not None
        ]
        assert len(found) == len(expected)
        for place in (0, 9, -1):
            assert found[place] == expected[place]
        assert Counter(item[2] for item in found) == Counter(item[2] for item in expected)
        assert Counter(item[:2] for item in found) == Counter(item[:2] for item in expected)
        assert Counter(found) == Counter(expected)
        assert all(document.id[-10:-3] == path.name[:7] for document in documents(source))
        total += len(found)
    assert total == 11_639


def test_irc_twice_and_in_halves(data: Path, tmp_path: Path) -> None:
    """The same log again gives the same ids; two halves that overlap give what the whole gives."""
    path = next((data / "irc_disentanglement" / "dev").glob("2008-12-11_11.ascii.txt"))
    lines = path.read_bytes().splitlines(keepends=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = tmp_path / "a" / path.name, tmp_path / "b" / path.name
    first.write_bytes(b"".join(lines[:800]))
    second.write_bytes(b"".join(lines[400:]))
    whole = [item.id for item in segments(IrcLogs(path, channel="#c", threads=False))]
    assert whole == [item.id for item in segments(IrcLogs(path, channel="#c", threads=False))]
    halves = [item.id for half in (first, second) for item in segments(IrcLogs(half, channel="#c", threads=False))]
    assert set(halves) == set(whole)
    assert len(set(whole)) == len(whole)
