"""Damages chat exports in a thousand ways and checks what is read of them.

``python tests/sources/chat_mutations.py FORMAT COUNT`` runs one format in a process of its own and
prints how many were read and the peak of its memory.
"""

from __future__ import annotations

import copy
import io
import json
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from peak_memory import peak_mib

from masa_rag.errors import RecordError, SourceError
from masa_rag.sources import DiscordExport, SlackExport, TelegramExport
from masa_rag.sources._base import read_head
from masa_rag.types import Document

DATA = Path(__file__).parent / "data_chat"
NINE = 1714554000
RECORDS = 12
WRONG: list[Any] = [
    None,
    True,
    70_001,
    -77,
    1e308,
    10**30,
    "",
    "x" * 3000,
    [],
    {},
    [[]],
    {"a": None},
    "\ud800",
    "\x00",
    [None],
    "🌊",
]


def word(number: int) -> str:
    """A word that only the message of that number says."""
    return f"harbour{number:03d}word"


def _snowflake(number: int) -> str:
    return str(((NINE + 60 * number) * 1000 - 1_420_070_400_000) << 22)


def _api() -> list[Any]:
    return [
        {
            "id": _snowflake(number),
            "channel_id": "900000000000000001",
            "content": f"hello {word(number)} <@700000000000000001>",
            "timestamp": f"2024-05-01T09:{number:02d}:00.123000+00:00",
            "author": {"id": "700000000000000001", "username": "nora.k", "discriminator": "0"},
            "mentions": [{"id": "7", "username": "ivo"}],
            "embeds": [{"type": "rich", "title": "Tides", "fields": [{"name": "m", "value": "3"}]}],
            "attachments": [{"filename": "a.png"}],
            "reactions": [{"count": 1, "emoji": {"name": "👍"}}],
            "message_reference": {"message_id": _snowflake(0)},
        }
        for number in range(RECORDS)
    ]


def _daily() -> list[Any]:
    return [
        {
            "author": "ivo",
            "category": "general",
            "parent": "",
            "content": f"hello {word(number)}",
            "created_at": f"2024-05-01T09:{number:02d}:00.125000+00:00",
            "attachments": [{"type": "image/png", "origin_name": "a.png"}],
        }
        for number in range(RECORDS)
    ]


def _exporter() -> dict[str, Any]:
    rows = [
        row | {"type": "Default", "timestampEdited": None, "isPinned": False, "reference": {"messageId": "1"}}
        for row in _api()
    ]
    return {
        "guild": {"id": "8", "name": "Harbour"},
        "channel": {"id": "900000000000000001", "type": "GuildTextChat", "category": "Docks", "name": "general"},
        "messages": rows,
        "messageCount": len(rows),
    }


def _telegram() -> dict[str, Any]:
    rows = [
        {
            "id": number,
            "type": "message",
            "date": f"2024-05-01T11:{number:02d}:00",
            "date_unixtime": str(NINE + 60 * number),
            "from": "Nora",
            "from_id": "user1",
            "reply_to_message_id": 1,
            "text": [f"hello {word(number)} ", {"type": "text_link", "text": "here", "href": "https://tides.example"}],
            "reactions": [{"type": "emoji", "count": 2, "emoji": "🔥"}],
            "poll": {"question": "Who?", "answers": [{"text": "Nora", "voters": 2}]},
        }
        for number in range(RECORDS)
    ]
    return {"name": "Harbour crew", "type": "private_supergroup", "id": 77, "messages": rows}


def _account() -> dict[str, Any]:
    about = {"personal_information": {"user_id": 1, "phone_number": "+0"}}
    return about | {"chats": {"about": "", "list": [_telegram()]}}


def _gotd() -> list[Any]:
    return [
        {
            "ID": number,
            "PeerID": {"ChannelID": 77},
            "FromID": {"UserID": 5},
            "Date": NINE + 60 * number,
            "Message": f"hello {word(number)}",
            "ReplyTo": {"ReplyToMsgID": 0},
            "Entities": [{"Offset": 0, "Length": 5, "URL": "https://tides.example"}],
        }
        for number in range(RECORDS)
    ]


def _masa() -> list[Any]:
    return [
        {
            "message_id": number,
            "sender": {"username": "nora_k", "name": "Nora"},
            "content": f"hello {word(number)}",
            "timestamp": f"2024-05-01T09:{number:02d}:00Z",
        }
        for number in range(RECORDS)
    ]


def _slack() -> dict[str, Any]:
    rows = [
        {
            "type": "message",
            "user": "U1",
            "ts": f"{NINE + 60 * number}.000100",
            "text": f"hello {word(number)} <@U1> <https://tides.example|here>",
            "blocks": [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
            "attachments": [{"fallback": "y", "fields": [{"title": "t"}]}],
            "reactions": [{"name": "wave", "count": 2}],
            "edited": {"ts": f"{NINE}.000200"},
        }
        | ({"thread_ts": f"{NINE}.000100"} if number % 3 == 0 else {})
        for number in range(RECORDS)
    ]
    return {
        "users.json": [{"id": "U1", "name": "nora", "profile": {"display_name": "Nora"}}],
        "channels.json": [{"id": "C1", "name": "general", "topic": {"value": "Boats"}}],
        "general/2024-05-01.json": rows,
    }


def _package() -> dict[str, Any]:
    channel = "900000000000000001"
    rows = [
        {"ID": _snowflake(number), "Timestamp": f"2024-05-01 09:{number:02d}:00", "Contents": f"hello {word(number)}"}
        for number in range(RECORDS)
    ]
    return {
        "account/user.json": {"id": "700000000000000001", "username": "nora.k"},
        "messages/index.json": {channel: "general in Harbour"},
        f"messages/c{channel}/channel.json": {
            "id": channel,
            "name": "general",
            "guild": {"id": "8", "name": "Harbour"},
        },
        f"messages/c{channel}/messages.json": rows,
    }


JSON_FORMATS: dict[str, tuple[type, Callable[[], Any], str]] = {
    "discord_api": (DiscordExport, _api, "a.json"),
    "discord_daily": (DiscordExport, _daily, "harbour/2024-05-01.json"),
    "discord_exporter": (DiscordExport, _exporter, "Harbour - general [900000000000000001].json"),
    "telegram_desktop": (TelegramExport, _telegram, "result.json"),
    "telegram_account": (TelegramExport, _account, "result.json"),
    "telegram_gotd": (TelegramExport, _gotd, "gotd.json"),
    "telegram_masa": (TelegramExport, _masa, "masa.json"),
}
ZIP_FORMATS: dict[str, tuple[type, Callable[[], dict[str, Any]], str]] = {
    "slack": (SlackExport, _slack, "export.zip"),
    "discord_package": (DiscordExport, _package, "package.zip"),
}
HTML_FORMATS: dict[str, tuple[type, Path]] = {
    "discord_page": (DiscordExport, next(DATA.glob("Harbour*.html"))),
    "telegram_page": (TelegramExport, DATA / "messages.html"),
}
FORMATS = [*JSON_FORMATS, *ZIP_FORMATS, *HTML_FORMATS]


def dump(value: Any, rng: random.Random) -> bytes:
    """Write JSON in one of its many looks."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
    return text.encode("utf-8", "surrogatepass")


def damaged_bytes(data: bytes, rng: random.Random) -> tuple[bytes, int]:
    """Return the data damaged somewhere, and up to where it is as it was."""
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.randrange(1, 60))
    kind = rng.randrange(9)
    if kind == 0:
        return data[:at], at
    if kind == 1:
        return data[:at] + data[end:], at
    if kind == 2:
        return data[:at] + rng.randbytes(end - at) + data[end:], at
    if kind == 3:
        return data[:at] + data[at:end] * 3 + data[end:], at
    if kind == 4:
        return data[:at] + rng.choice([b"[", b"{", b'{"a":', b"<div>"]) * rng.choice([1, 2_000, 60_000]) + data[at:], at
    if kind == 5:
        return data[:at] + rng.choice(
            [b'"', b"\\", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"9" * 6_000, b"NaN"]
        ) + data[at:], at
    if kind == 6:
        encoding = rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
        return data.decode("utf-8", "replace").encode(encoding), 0
    if kind == 7:
        return data.decode("utf-8", "replace").encode("latin-1", "replace"), 0
    return rng.choice([b"", b"\x00" * 50, data * 2, data[::-1], data[at:]]), 0


def damaged_record(records: list[Any], rng: random.Random) -> int:
    """Change one record for the worse, in place; return its number."""
    number = rng.randrange(len(records))
    record = records[number]
    if rng.random() < 0.1:
        records[number] = copy.deepcopy(rng.choice(WRONG))
        return number
    places = list(_places(record))
    container, key = rng.choice(places)
    if rng.random() < 0.2 and isinstance(container, dict):
        del container[key]
    else:
        container[key] = copy.deepcopy(rng.choice(WRONG))
    return number


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)


def records_of(value: Any) -> list[Any]:
    """Find the list of messages in a value."""
    if isinstance(value, list):
        return value
    if "chats" in value:
        return records_of(value["chats"]["list"][0])
    return records_of(value["messages"]) if "messages" in value else []


def zip_of(files: dict[str, bytes]) -> bytes:
    """Return a zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def damaged_zip(files: dict[str, Any], rng: random.Random) -> tuple[bytes, set[int]]:
    """Damage a record, a member or the container; return it and the numbers of the messages that must survive."""
    values = copy.deepcopy(files)
    day = list(values)[-1]
    kept: set[int] = set()
    kind = rng.randrange(5)
    if kind == 0:
        kept = set(range(RECORDS)) - {damaged_record(values[day], rng)}
    members = {name: dump(value, rng) for name, value in values.items()}
    if kind == 1:
        name = rng.choice(list(members))
        members[name], _ = damaged_bytes(members[name], rng)
        kept = set(range(RECORDS)) if name != day and "index" not in name else set()
    if kind == 2:
        members[rng.choice(["../evil.json", "/evil.json", "a/../../evil", "C:\\evil"])] = b"[]"
        kept = set(range(RECORDS))
    if kind == 3:
        members[day.rpartition("/")[0] + "/2024-05-02.json"] = b"[" + b" " * rng.choice([10] * 9 + [9_500_000])
        kept = set(range(RECORDS))
    data = zip_of(members)
    return (damaged_bytes(data, rng)[0], set()) if kind == 4 else (data, kept)


def damaged_file(form: str, rng: random.Random) -> tuple[type, bytes, str, set[int]]:
    """Return the source's class, a damaged file, its name, and the numbers of the messages that must survive."""
    if form in ZIP_FORMATS:
        kind, make, name = ZIP_FORMATS[form]
        data, kept = damaged_zip(make(), rng)
        return kind, data, name, kept
    if form in HTML_FORMATS:
        kind, page = HTML_FORMATS[form]
        return kind, damaged_bytes(page.read_bytes(), rng)[0], page.name, set()
    kind, make, name = JSON_FORMATS[form]
    value = make()
    if rng.random() < 0.5:
        kept = set(range(RECORDS)) - {damaged_record(records_of(value), rng)}
        return kind, dump(value, rng), name, kept
    whole = dump(value, rng)
    data, intact = damaged_bytes(whole, rng)
    before = whole[:intact].decode("utf-8", "ignore")
    kept = {number for number in range(RECORDS) if word(number + 1) in before} if intact else set()
    return kind, data, name, kept


def read_one(form: str, seed: int, folder: Path) -> tuple[int, int]:
    """Damage one export, read it, check what came out; return how many documents and errors did."""
    rng = random.Random(f"{form} {seed}")
    kind, data, name, kept = damaged_file(form, rng)
    path = folder / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    before = set(folder.rglob("*"))
    assert isinstance(kind.recognises(path, read_head(path)), bool)
    try:
        items = list(kind(path))
    except SourceError:
        items = []
    assert set(folder.rglob("*")) == before, f"{form} {seed}: something was written"
    documents = [item for item in items if isinstance(item, Document)]
    errors = [item for item in items if isinstance(item, RecordError)]
    assert len(documents) + len(errors) == len(items)
    text = "\n".join(document.text for document in documents)
    text.encode("utf-8")
    json.dumps([dict(segment.metadata) for document in documents for segment in document.segments], allow_nan=False)
    lost = [number for number in kept if word(number) not in text]
    assert not lost, f"{form} {seed}: messages {lost} are lost; {[str(error) for error in errors][:3]}"
    return len(documents), len(errors)


def read_many(form: str, seeds: range) -> tuple[int, int]:
    """Read that many damaged exports of a format; return how many documents and errors came out."""
    documents = errors = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            found, failed = read_one(form, seed, Path(folder))
            documents, errors = documents + found, errors + failed
    return documents, errors


if __name__ == "__main__":
    found, failed = read_many(sys.argv[1], range(int(sys.argv[2])))
    sys.stdout.write(json.dumps({"documents": found, "errors": failed, "peak_mib": round(peak_mib())}))
