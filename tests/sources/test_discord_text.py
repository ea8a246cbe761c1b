"""DiscordChatExporter's CSV and TXT, which have no ids and times as a computer shows them."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents
from forum_helpers import sound_segments as segments

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import DiscordExport, open_source, open_sources
from masa_rag.testing.contracts import SourceContract

CHANNEL = "900000000000000001"
NAME = f"Harbour - Boats - general [{CHANNEL}]"
RULE = "=" * 62


def table(folder: Path, *rows: str, name: str = NAME) -> Path:
    """Write rows below the exporter's header."""
    path = folder / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["AuthorID,Author,Date,Content,Attachments,Reactions", *rows, ""]), newline="\r\n")
    return path


def text(folder: Path, *messages: str, name: str = NAME) -> Path:
    """Write messages between the exporter's preamble and its last lines."""
    path = folder / f"{name}.txt"
    end = f"{RULE}\nExported {len(messages)} message(s)\n{RULE}\n"
    top = f"{RULE}\nGuild: Harbour\nChannel: Boats / general\nTopic: all that floats\n{RULE}\n\n"
    path.write_text(top + "".join(f"{message}\n\n\n" for message in messages) + end)
    return path


class TestTable(SourceContract):
    """The table keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = table(tmp_path, '"1","nora","2024-05-01T09:00:00.0000000+00:00","hello","",""')

    def make(self) -> Source:
        """Return a fresh source."""
        return DiscordExport(self.path)


def test_table(tmp_path: Path) -> None:
    """Who, when and what; the channel's id and names are in the file's name."""
    path = table(
        tmp_path,
        '"7","nora","2024-05-01T11:00:00.1234567+02:00","He said ""go"",\nso we go",'
        '"https://x.example/1/tide.png?ex=1","👍 (2),wave (1)"',
        '"8","ivo","2024-05-01T11:00:05.0000000+02:00","Joined the server.","",""',
        '"8","ivo","2024-05-01T11:00:06.0000000+02:00","","https://x.example/1/b.png",""',
    )
    (day,) = documents(open_source(path))
    assert (day.id, day.title) == (f"{CHANNEL}/2024-05-01", "#general")
    assert (day.metadata["guild"], day.metadata["category"]) == ("Harbour", "Boats")
    (go,) = day.segments
    assert (go.author, go.text) == ("nora", 'He said "go",\nso we go')
    assert go.created_at == datetime(2024, 5, 1, 9, 0, 0, 123456, tzinfo=UTC)
    assert go.metadata == {"author_id": "7", "attachments": ["tide.png"], "reactions": {"👍": 2, "wave": 1}}


def test_text(tmp_path: Path) -> None:
    """A message keeps its lines; what the exporter lists below it is no text, but for the embeds of a bot."""
    path = text(
        tmp_path,
        "[5/13/2024 9:00\u202fAM] nora#0001 (pinned)\nThe tide:\n\nlow at [noon]",
        "[5/13/2024 9:00\u202fAM] ivo\nthanks\n\n{Attachments}\nhttps://x.example/1/a.png\n\n{Reactions}\n👍 (2) 🔥",
        "[5/13/2024 1:01\u202fPM] tides\n\n\n{Embed}\nhttps://tides.example\nWarning\nwind rises",
        "[5/13/2024 1:02\u202fPM] ivo\nPinned a message.",
    )
    (day,) = documents(open_source(path, timezone="Europe/Berlin"))
    assert (day.id, day.title, day.metadata["category"]) == (f"{CHANNEL}/2024-05-13", "#general", "Boats")
    tide, thanks, wind = day.segments
    assert (tide.author, tide.text) == ("nora#0001", "The tide:\n\nlow at [noon]")
    assert tide.created_at == datetime(2024, 5, 13, 7, 0, tzinfo=UTC)
    assert (thanks.author, thanks.text) == ("ivo", "thanks")
    assert thanks.metadata == {"attachments": ["a.png"], "reactions": {"👍": 2, "🔥": 1}}
    assert (wind.text, wind.created_at) == ("Warning\nwind rises", datetime(2024, 5, 13, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "words",
    [
        "Joined the server.", "Pinned a message.", "Started a thread.", "Left the group.", "Added Ivo to the group.",
        "Removed a recipient.", "Started a call that lasted 1,024 minutes.", "Changed the channel name.",
        "Changed the channel name: boats",
    ],
)  # fmt: skip
def test_lines_that_the_machine_wrote(tmp_path: Path, words: str) -> None:
    """They have the form of messages, and nobody says them."""
    path = text(tmp_path, f"[5/13/2024 9:00 AM] nora\n{words}", "[5/13/2024 9:01 AM] nora\nhello")
    assert [item.text for item in segments(DiscordExport(path))] == ["hello"]


def test_forwards_of_a_text(tmp_path: Path) -> None:
    """What is forwarded is text and marked, as in the JSON; what the exporter writes around it is not."""
    sent = "Originally sent: 5/12/2024 7:00 PM"
    path = text(
        tmp_path,
        f"[5/13/2024 9:00 AM] nora\n\n\n{{Forwarded Message}}\nfog ahead\n{sent}\n",
        f"[5/13/2024 9:01 AM] nora\n\n\n{{Forwarded Message}}\nlook\n{sent}\n{{Attachments}}\nhttps://x.example/a.png\n",
        f"[5/13/2024 9:02 AM] ivo\n\n\n{{Forwarded Message}}\n{sent}\n{{Attachments}}\nhttps://x.example/b.png\n",
    )
    fog, look = segments(DiscordExport(path))
    assert (fog.text, fog.metadata) == ("fog ahead", {"forwarded": True})
    assert (look.text, look.metadata) == ("look", {"forwarded": True, "attachments": ["a.png"]})


@pytest.mark.parametrize(
    "date",
    [
        "5/13/2024 9:00 AM", "13/05/2024 09:00", "13.05.2024 09:00", "13.5.2024 9.00", "2024-05-13 09:00",
        "2024/05/13 9:00", "13-May-24 09:00 AM", "2024. 5. 13. 오전 9:00", "13/05/2024 9:00 am",
    ],
)  # fmt: skip
def test_dates_of_many_countries(tmp_path: Path, date: str) -> None:
    """The exporter writes dates as its computer's country does, and until 2023 with the month's name."""
    nine = datetime(2024, 5, 13, 9, 0, tzinfo=UTC)
    assert [item.created_at for item in segments(DiscordExport(text(tmp_path, f"[{date}] nora\nhello")))] == [nine]
    row = f'"1","nora","{date}","hello","",""'
    assert [item.created_at for item in segments(DiscordExport(table(tmp_path, row)))] == [nine]


def test_all_dates_together_tell_the_order(tmp_path: Path) -> None:
    """A day above 12 anywhere in the file says which number is the month."""
    path = text(tmp_path, "[4/5/2024 09:00] nora\nfirst", "[4/13/2024 09:00] nora\nlast")
    assert [item.id for item in documents(DiscordExport(path))] == [f"{CHANNEL}/2024-04-05", f"{CHANNEL}/2024-04-13"]


def test_messages_of_one_minute_keep_their_order_and_ids(tmp_path: Path) -> None:
    """Also when a later export holds more: equal words of one minute are two messages."""
    said = [f"[5/13/2024 9:00 AM] nora\n{words}" for words in ("one", "two", "one")]
    before = segments(DiscordExport(text(tmp_path, *said)))
    after = segments(DiscordExport(text(tmp_path, *said, "[5/13/2024 9:00 AM] ivo\nthree")))
    assert [item.text for item in after] == ["one", "two", "one", "three"]
    assert len({item.id for item in after}) == 4
    assert [item.id for item in before] == [item.id for item in after][:3]


def test_another_form_of_the_same_export_is_left_alone(tmp_path: Path) -> None:
    """JSON beats CSV and CSV beats TXT of the same name; a part or a channel that has no JSON is read."""
    message = {
        "id": "1235155464192000000", "type": "Default", "timestamp": "2024-05-01T09:00:00+00:00", "content": "hello",
        "timestampEdited": None, "isPinned": False, "author": {"id": "1", "name": "nora"},
    }  # fmt: skip
    channel = {"id": CHANNEL, "type": "GuildTextChat", "name": "general"}
    export = {"guild": {"id": "1", "name": "Harbour"}, "channel": channel, "messages": [message]}
    (tmp_path / f"{NAME}.json").write_text(json.dumps(export))
    for name, words in ((NAME, "hello"), (f"{NAME} [part 2]", "later")):
        table(tmp_path, f'"1","nora","2024-05-01T09:00:00.0000000+00:00","{words}","",""', name=name)
        text(tmp_path, f"[5/1/2024 9:00 AM] nora\n{words}", name=name)
    assert [item.text for item in segments(open_source(tmp_path))] == ["hello", "later"]
    with zipfile.ZipFile(tmp_path / "exports.zip", "w") as archive:
        for path in sorted(tmp_path.glob("Harbour*")):
            archive.write(path, path.name)
    assert [item.text for item in segments(open_source(tmp_path / "exports.zip"))] == ["hello", "later"]


def test_dates_that_cannot_be_read_are_reported_once(tmp_path: Path) -> None:
    """The words are kept without a time."""
    items = list(DiscordExport(table(tmp_path, '"1","nora","yesterday","hello","",""', '"1","ivo","today","hi","",""')))
    (error,) = (item for item in items if isinstance(item, RecordError))
    assert "yesterday" in str(error)
    assert [item.id for item in items if not isinstance(item, RecordError)] == [f"{CHANNEL}/undated"]


def test_what_no_message_can_be_is_cut(tmp_path: Path) -> None:
    """A text whose headers are lost is not taken in whole."""
    (segment,) = segments(DiscordExport(text(tmp_path, "[5/13/2024 9:00 AM] nora\n" + "tide\n" * 100_000)))
    assert len(segment.text) < 300_000


def test_a_damaged_row_costs_itself_alone(tmp_path: Path) -> None:
    """It is reported with its line."""
    rows = ('"1","nora","2024-05-01T09:00:00Z","a","",""', "half a row", '"1","nora","2024-05-01T09:01:00Z","b","",""')
    items = list(DiscordExport(table(tmp_path, *rows)))
    assert [str(item) for item in items if isinstance(item, RecordError) and "line 3" in str(item)]
    assert [item.text for item in items if not isinstance(item, RecordError)] == ["nora: a\nb"]


def test_a_folder_of_exports_and_notes(tmp_path: Path) -> None:
    """Tables and texts beside notes of other kinds: each is read by its own source."""
    table(tmp_path, '"1","nora","2024-05-01T09:00:00Z","of the table","",""')
    text(tmp_path, "[5/13/2024 9:00 AM] nora\nof the text", name="ropes [900000000000000002]")
    (tmp_path / "notes.txt").write_text("Tar the boats in May.")
    found = {
        type(source).__name__: sorted(segment.text for segment in segments(source)) for source in open_sources(tmp_path)
    }
    assert found["DiscordExport"] == ["of the table", "of the text"]
    assert set(found) == {"DiscordExport", "Files"}


def test_other_tables_and_texts_are_not_taken(tmp_path: Path) -> None:
    """Only the exporter's own first lines count."""
    other = tmp_path / "people.csv"
    other.write_text("Author,Date,Content\nnora,2024,hi\n")
    assert not DiscordExport.recognises(other, other.read_bytes())
