"""Published chat exports, counted again by other means than the sources use."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents

from masa_rag.sources import DiscordExport, SlackExport, TelegramExport, open_source
from masa_rag.types import Document, Segment

pytestmark = pytest.mark.real_data


def in_order(found: list[Document]) -> list[Segment]:
    """All messages by time."""
    return sorted((segment for item in found for segment in item.segments), key=lambda item: (item.created_at, item.id))


def check_days(found: list[Document]) -> None:
    """Each document holds one UTC day, and says which."""
    for item in found:
        days = {segment.created_at.date() for segment in item.segments if segment.created_at}
        assert days == {date.fromisoformat(item.id.rpartition("/")[2])}


class TestMasaDiscord:
    """1,000 messages as the API gave them, newest first."""

    @pytest.fixture
    def path(self, data: Path) -> Path:
        """The one file."""
        (path,) = (data / "masa" / "discord").glob("*.json")
        return path

    def test_counts(self, path: Path) -> None:
        """Messages with words, their authors and times, as patterns over the raw text find them."""
        raw = path.read_text(encoding="utf-8")
        contents = [
            json.loads(f'"{text}"') for text in re.findall(r'^    "content": "((?:[^"\\]|\\.)*)",$', raw, re.MULTILINE)
        ]
        times = re.findall(r'^    "timestamp": "([^"]+)"', raw, re.MULTILINE)
        names = re.findall(r'^      "username": "([^"]+)"', raw, re.MULTILINE)
        assert (len(contents), len(times), len(names)) == (1_000, 1_000, 1_000)
        spoken = [index for index, text in enumerate(contents) if text.strip()]
        assert len(spoken) == 1_000 - 53
        found = documents(open_source(path))
        segments = in_order(found)
        assert len(segments) == len(spoken)
        assert {item.author for item in segments} == {names[index] for index in spoken}
        assert [item.created_at for item in segments] == sorted(
            datetime.fromisoformat(times[index]) for index in spoken
        )
        check_days(found)

    def test_values(self, path: Path) -> None:
        """The first, the tenth and the last message by value, and no markup is left."""
        rows = [row for row in reversed(json.loads(path.read_text(encoding="utf-8"))) if row["content"].strip()]
        segments = in_order(documents(DiscordExport(path)))
        for index in (0, 9, -1):
            row, segment = rows[index], segments[index]
            assert (segment.id, segment.author) == (row["id"], row["author"]["username"])
            assert segment.created_at == datetime.fromisoformat(row["timestamp"])
            if "<" not in row["content"]:
                assert segment.text == row["content"].strip()
        assert not [item.text for item in segments if re.search(r"<(@!?|#|a?:\w+:)\d+>", item.text)]


class TestEthereumDiscord:
    """A year of a channel, a file a day, without ids."""

    def test_counts(self, data: Path) -> None:
        """Messages, authors and times as patterns over the raw files find them; no two share an id."""
        folder = data / "ethereum_discord"
        raw = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.json")))
        pattern = (
            r'^    "author": "([^"]*)",\n(?:.*\n){2}    "content": "((?:[^"\\]|\\.)*)",\n    "created_at": "([^"]+)"'
        )
        rows = re.findall(pattern, raw, re.MULTILINE)
        assert len(rows) == raw.count('"created_at"') == 2_314
        spoken = [row for row in rows if json.loads(f'"{row[1]}"').strip()]
        assert len(spoken) == 2_302
        found = documents(open_source(folder))
        segments = in_order(found)
        assert Counter(item.author for item in segments) == Counter(row[0] for row in spoken)
        assert [item.created_at for item in segments] == sorted(datetime.fromisoformat(row[2]) for row in spoken)
        assert len({item.id for item in segments}) == len(segments)
        assert {item.title for item in found} == {"#allcoredevs"}
        check_days(found)

    def test_values(self, data: Path) -> None:
        """The first, the tenth and the last message by value."""
        paths = sorted((data / "ethereum_discord").rglob("*.json"))
        rows = [row for path in paths for row in json.loads(path.read_text(encoding="utf-8")) if row["content"].strip()]
        rows.sort(key=lambda row: datetime.fromisoformat(row["created_at"]))
        segments = in_order(documents(DiscordExport(data / "ethereum_discord")))
        for index in (0, 9, -1):
            row, segment = rows[index], segments[index]
            assert (segment.author, segment.created_at) == (row["author"], datetime.fromisoformat(row["created_at"]))
            plain = re.sub(r"<@!?(\d+)>", r"@\1", row["content"]).strip()
            assert segment.text == re.sub(r"<a?(:\w+:)\d+>", r"\1", plain)


@pytest.mark.parametrize("name", ["result.json", "result_group.json"])
class TestTelegram:
    """Two exports of Telegram Desktop with all kinds of messages."""

    def rows(self, data: Path, name: str) -> list[dict[str, Any]]:
        """The messages with words, as the file has them."""
        value = json.loads((data / "formats" / "telegram" / name).read_text(encoding="utf-8"))
        rows = [row for row in value["messages"] if row["type"] == "message"]
        worded = ("poll", "todo_list", "contact_information", "place_name", "game_title", "invoice_information")
        return [row for row in rows if row["text"] or any(key in row for key in worded)]

    def test_counts(self, data: Path, name: str) -> None:
        """Messages with words, by author and time; service messages, stickers and voices have none."""
        rows = self.rows(data, name)
        found = documents(open_source(data / "formats" / "telegram" / name))
        segments = in_order(found)
        assert Counter(item.author for item in segments) == Counter(row["from"] for row in rows)
        seconds = sorted(int(row["date_unixtime"]) for row in rows)
        assert [item.created_at for item in segments] == [datetime.fromtimestamp(second, UTC) for second in seconds]
        check_days(found)

    def test_values(self, data: Path, name: str) -> None:
        """The first, the tenth and the last message by value."""
        rows = sorted(self.rows(data, name), key=lambda row: int(row["date_unixtime"]))
        segments = in_order(documents(TelegramExport(data / "formats" / "telegram" / name)))
        for index in (0, 9, -1):
            assert segments[index].id == str(rows[index]["id"])
            assert rows[index]["text"] in segments[index].text
        replies = {item.id: item.reply_to for item in segments if item.reply_to}
        own = {str(row["id"]): str(row["reply_to_message_id"]) for row in rows if "reply_to_message_id" in row}
        elsewhere = {str(row["id"]) for row in rows if "reply_to_peer_id" in row}
        assert replies == {key: value for key, value in own.items() if key not in elsewhere}


class TestSlack:
    """A small workspace with bots, uploads, joins and no threads."""

    def rows(self, data: Path) -> list[tuple[str, dict[str, Any]]]:
        """Channel and message of all days, as the zip has them."""
        with zipfile.ZipFile(data / "formats" / "slack" / "testarchive.zip") as archive:
            days = [name for name in archive.namelist() if re.search(r"/\d{4}-\d\d-\d\d\.json$", name)]
            return [(name.split("/")[0], row) for name in days for row in json.loads(archive.read(name))]

    def test_counts(self, data: Path) -> None:
        """All but joins and added integrations; people by their names; no threads; no token."""
        rows = self.rows(data)
        assert len(rows) == 158
        spoken = [row for _, row in rows if row.get("subtype") not in ("channel_join", "bot_add")]
        assert len(spoken) == 147
        found = documents(open_source(data / "formats" / "slack" / "testarchive.zip"))
        segments = in_order(found)
        assert [item.id for item in segments] == sorted(row["ts"] for row in spoken)
        with zipfile.ZipFile(data / "formats" / "slack" / "testarchive.zip") as archive:
            listed = json.loads(archive.read("users.json"))
        people = {user["id"]: user["profile"]["display_name"] or user["real_name"] for user in listed}
        said = Counter(people[row["user"]] for row in spoken if row.get("user") in people and "comment" not in row)
        by_author = Counter(item.author for item in segments)
        comments = Counter(people[row["comment"]["user"]] for row in spoken if "comment" in row)
        assert {name: by_author[name] for name in said} == dict(said + comments)
        assert {item.title for item in found} == {f"#{channel}" for channel, _ in rows}
        assert not [item.id for item in found if "/thread/" in item.id]
        assert "xoxe" not in "".join(item.text for item in found)
        check_days(found)

    def test_values(self, data: Path) -> None:
        """The first, the tenth and the last message by value."""
        rows = sorted((row for _, row in self.rows(data) if row.get("subtype") not in ("channel_join", "bot_add")),
                      key=lambda row: row["ts"])  # fmt: skip
        segments = in_order(documents(SlackExport(data / "formats" / "slack" / "testarchive.zip")))
        for index in (0, 9, -1):
            row, segment = rows[index], segments[index]
            assert segment.created_at is not None
            assert f"{segment.created_at.timestamp():.6f}" == row["ts"]
            words = set(re.findall(r"\w{4,}", re.sub(r"<[^>]*>", " ", row["text"])))
            assert words <= set(re.findall(r"\w{4,}", segment.text))
        assert segments[0].text.startswith("@abilinski: Created an issue")
        assert not [item.text for item in segments if re.search(r"<@U|<https?:|&lt;|&amp;", item.text)]
