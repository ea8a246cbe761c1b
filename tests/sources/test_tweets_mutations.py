"""Damaged files of every shape: typed errors only, the records that can be read come out, memory stays bounded."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peak_memory import forget_peak, peak_mib
from test_tweets import wire
from test_tweets_archive import contents
from test_tweets_shapes import api_page, graphql, timeline, worker_row

from masa_rag.errors import RecordError
from masa_rag.sources import Tweets
from masa_rag.types import Document

BASE = 1_790_000_000_000_000_000
COUNT = 8


def _masa() -> bytes:
    rows = [wire(number, f"Tide {number} ümläut 🌊 <b> &amp;") for number in range(COUNT)]
    return json.dumps([{"Tweet": row, "Error": None} for row in rows], indent=1).encode()


def _lines() -> bytes:
    return "\n".join(json.dumps(wire(number, f"Tide {number}")) for number in range(COUNT)).encode()


def _worker() -> bytes:
    return json.dumps({"data": [worker_row(tweet_id=str(BASE + number)) for number in range(COUNT)]}).encode()


def _api() -> bytes:
    return "\n".join(json.dumps(api_page()) for _ in range(2)).encode()


def _graphql() -> bytes:
    return json.dumps(timeline(*(graphql(str(BASE + number), f"Tide {number}") for number in range(COUNT)))).encode()


def _table() -> bytes:
    rows = [f'{BASE + number},2024-05-13T08:00:00Z,"Tide, {number}",maraquill' for number in range(COUNT)]
    return "\r\n".join(["tweet_id,created_at,tweet,username", *rows]).encode()


def _archive_js() -> bytes:
    return contents()["data/tweets-part1.js"].encode()


SHAPES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "masa": (".json", _masa),
    "lines": (".jsonl", _lines),
    "worker": (".json", _worker),
    "api": (".jsonl", _api),
    "graphql": (".json", _graphql),
    "table": (".csv", _table),
    "archive-js": (".js", _archive_js),
    "archive-zip": (".zip", lambda: b""),
}
JUNK = [
    b"null",
    b"true",
    b"-1e999",
    b"[]",
    b"{}",
    b'""',
    b'"\\ud800"',
    b"[" * 5_000,
    b'{"a":' * 3_000,
    b"9" * 5_000,
    b"NaN",
]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to three damages of different kinds."""
    for _ in range(chance.randint(1, 3)):
        place, length = chance.randrange(len(data) + 1), chance.randint(1, 60)
        data = chance.choice(_DAMAGES)(data, place, length, chance) or b" "
    return data


def _replace_value(data: bytes, place: int, length: int, chance: random.Random) -> bytes:
    """Put something of another type where a value is."""
    start = data.find(b":", place) + 1
    end = min((found for mark in (b",", b"}", b"\n") if (found := data.find(mark, start)) > 0), default=len(data))
    return data[:start] + chance.choice(JUNK) + data[end:]


_DAMAGES: list[Callable[[bytes, int, int, random.Random], bytes]] = [
    lambda data, place, length, chance: data[:place],
    lambda data, place, length, chance: data[:place] + data[place + length :],
    lambda data, place, length, chance: data[:place] + chance.randbytes(length) + data[place:],
    lambda data, place, length, chance: data[:place] + data[place : place + length] * 3 + data[place + length :],
    lambda data, place, length, chance: data[:place] + chance.choice(JUNK) + data[place:],
    lambda data, place, length, chance: data[:place] + b"\0" * length + data[place:],
    lambda data, place, length, chance: data.replace(b'"', b"'", length),
    lambda data, place, length, chance: data.decode("utf-8", "replace").encode(
        chance.choice(["utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig"]), "replace"
    ),
    _replace_value,
]


def mutated_zip(path: Path, chance: random.Random) -> None:
    """Write an archive of which an entry, a name or the zip itself is damaged."""
    files = {name: text.encode() for name, text in contents().items()}
    kind = chance.random()
    if kind < 0.6:
        name = chance.choice(list(files))
        files[name] = mutate(files[name], chance)
    elif kind < 0.7:
        files["../" * chance.randint(1, 9) + "data/tweets-part2.js"] = files["data/tweets.js"]
    elif kind < 0.72:
        files["data/tweets-part2.js"] = b" " * 20_000_000
    with zipfile.ZipFile(path, "w", chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as file:
        for name, data in files.items():
            file.writestr(name, data)
    if kind >= 0.72:
        path.write_bytes(mutate(path.read_bytes(), chance))


def read_mutations(shape: str, count: int, folder: Path) -> Iterator[list[Document | RecordError]]:
    """Yield what each of ``count`` mutated files gives."""
    suffix, make = SHAPES[shape]
    data = make()
    for number in range(count):
        chance = random.Random(f"{shape} {number}")
        path = folder / f"mutated{suffix}"
        if shape == "archive-zip":
            mutated_zip(path, chance)
        else:
            path.write_bytes(mutate(data, chance))
        Tweets.recognises(path, path.read_bytes()[:65_536])
        yield list(Tweets(path))


def check(shape: str, count: int, folder: Path) -> None:
    """Read mutations; nothing but documents and record errors may come out, and most records must."""
    kept = 0
    for items in read_mutations(shape, count, folder):
        assert all(isinstance(item, (Document, RecordError)) for item in items)
        for item in items:
            str(item) if isinstance(item, RecordError) else item.digest.encode() + item.text.encode()
        kept += sum(isinstance(item, Document) for item in items)
    assert kept > count  # of 1 to 8 documents a file, more than one survives on average
    assert sorted(path.name for path in folder.iterdir()) == [f"mutated{SHAPES[shape][0]}"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hundred_mutations(shape: str, tmp_path: Path) -> None:
    """100 damaged files of each shape."""
    check(shape, 100, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("shape", SHAPES)
def test_ten_thousand_mutations(shape: str, tmp_path: Path) -> None:
    """10,000 damaged files of each shape, in at most 256 MB beyond what the process held before."""
    before = forget_peak()
    check(shape, 10_000, tmp_path)
    assert peak_mib() - before < 256


@pytest.mark.parametrize("shape", ["masa", "lines", "worker", "graphql"])
def test_one_damaged_record_costs_one_record(shape: str, tmp_path: Path) -> None:
    """When a quotation mark goes missing in one record, all others come out, and one error says where."""
    suffix, make = SHAPES[shape]
    text = make().decode()
    marks = [place for place in range(len(text)) if text.startswith('"Username": "', place)] or [
        place for place in range(len(text)) if text.startswith('"lang": "', place)
    ]
    place = text.index('": "', marks[3]) + 3
    path = tmp_path / f"one{suffix}"
    path.write_text(text[:place] + text[place + 1 :], encoding="utf-8")
    items = list(Tweets(path))
    ids = {item.id for item in items if isinstance(item, Document)}
    assert ids == {str(BASE + number) for number in range(COUNT) if number != 3}
    assert sum(isinstance(item, RecordError) for item in items) == 1
