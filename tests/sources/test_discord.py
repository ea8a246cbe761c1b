"""Discord exports: API lists, DiscordChatExporter's JSON, daily archives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents
from forum_helpers import sound_segments as segments

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import DiscordExport
from masa_rag.sources._base import read_head
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

DATA = Path(__file__).parent / "data_chat"
GENERAL = "900000000000000001"


def recognised(path: Path) -> DiscordExport:
    """The source, after it has said by the content that the file is its own."""
    assert DiscordExport.recognises(path, read_head(path))
    return DiscordExport(path)


def snowflake(moment: datetime, low: int = 0) -> str:
    """The id that Discord would give a message of that time."""
    return str((int(moment.timestamp() * 1000) - 1_420_070_400_000) << 22 | low)


def api(minute: int, content: Any, *, day: int = 1, **more: Any) -> dict[str, Any]:
    """A message as the API answers it, said by Nora at 09:<minute> on a day of May 2024."""
    moment = datetime(2024, 5, day, 9, minute, tzinfo=UTC)
    return {
        "id": snowflake(moment),
        "channel_id": GENERAL,
        "content": content,
        "timestamp": moment.isoformat(),
        "author": {"id": "700000000000000001", "username": "nora.k", "global_name": "Nora"},
    } | more


def write(folder: Path, value: object, name: str = "export.json") -> Path:
    """Write JSON, making folders as needed."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


class TestApiList(SourceContract):
    """A saved list keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, [api(3, "third"), api(2, ""), api(1, "first"), api(1, "before", day=2)])

    def make(self) -> Source:
        """Return a fresh source."""
        return DiscordExport(self.path)


def test_newest_first_and_oldest_first_give_the_same(tmp_path: Path) -> None:
    """The order of the file changes nothing: messages are sorted, the documents' ids are channel and day."""
    rows = [api(minute, f"text {minute}") for minute in range(5)]
    ascending = documents(DiscordExport(write(tmp_path, rows, "a.json")))
    descending = documents(DiscordExport(write(tmp_path, rows[::-1], "d.json")))
    assert ascending == descending
    assert [item.id for item in ascending] == [f"{GENERAL}/2024-05-01"]
    assert [item.text for item in ascending[0].segments] == [f"text {minute}" for minute in range(5)]


@pytest.mark.parametrize("envelope", [lambda rows: rows, lambda rows: {"data": rows}])
def test_envelopes_and_spellings(tmp_path: Path, envelope: Any) -> None:
    """A bare list and ``{"data": […]}`` are read alike, and ``channelID`` is taken for ``channel_id``."""
    row = api(5, "hello")
    row["channelID"] = row.pop("channel_id")
    path = write(tmp_path, envelope([row]))
    (document,) = documents(recognised(path))
    assert document.id == f"{GENERAL}/2024-05-01"
    assert document.segments[0].author == "Nora"
    assert document.segments[0].created_at == datetime(2024, 5, 1, 9, 5, tzinfo=UTC)
    assert document.segments[0].metadata == {"author_id": "700000000000000001", "handle": "nora.k"}


def test_duplicates_are_folded_and_the_last_edit_wins(tmp_path: Path) -> None:
    """The same message in two files of a folder is one; its newer edit is kept, whichever comes first."""
    edited = api(1, "after", edited_timestamp="2024-05-01T10:00:00+00:00")
    write(tmp_path, [edited, api(2, "same")], "1.json")
    write(tmp_path, [api(1, "before"), api(2, "same")], "2.json")
    (document,) = documents(DiscordExport(tmp_path))
    assert [item.text for item in document.segments] == ["after", "same"]


def test_markup_becomes_readable(tmp_path: Path) -> None:
    """People, channels, emoji, times and commands get names: from the export itself, then from ``names``."""
    text = "<@700000000000000001> see <#5> <:wave:12> <a:dance:13> <t:1714554000:R> </help:9> <@!6> <@&7> <@8> <@9>"
    path = write(tmp_path, [api(1, text, referenced_message={"author": {"id": "9", "username": "ivo"}})])
    (segment,) = segments(DiscordExport(path, names={"5": "rules", "7": "mods"}))
    assert segment.text == "@Nora see #rules :wave: :dance: 2024-05-01 09:00 UTC /help @6 @mods @8 @ivo"


def test_replies_reactions_and_attachments(tmp_path: Path) -> None:
    """Replies point to the message answered; counts and file names are kept beside the text."""
    first = api(1, "question")
    answer = api(
        2,
        "answer",
        type=19,
        message_reference={"message_id": first["id"], "channel_id": GENERAL},
        reactions=[{"count": 2, "emoji": {"id": None, "name": "👍"}}],
        attachments=[{"filename": "plan.pdf"}],
    )
    question, replied = segments(DiscordExport(write(tmp_path, [first, answer])))
    assert replied.reply_to == question.id
    assert replied.metadata["reactions"] == {"👍": 2}
    assert replied.metadata["attachments"] == ["plan.pdf"]


def test_polls_are_words(tmp_path: Path) -> None:
    """Question and answers, alone or below what a bot says with them."""
    answers = [{"answer_id": number, "poll_media": {"text": text}} for number, text in enumerate(("Sat", "Sun"))]
    poll = {"question": {"text": "Which day?"}, "answers": answers}
    rows = [api(1, "", poll=poll), api(2, "Please vote.", poll=poll)]
    words = "Which day?\n- Sat\n- Sun"
    assert [item.text for item in segments(DiscordExport(write(tmp_path, rows)))] == [words, f"Please vote.\n{words}"]


def test_messages_of_bots_that_are_laid_out_in_parts(tmp_path: Path) -> None:
    """Their words are in text displays, in the order of reading; buttons are no words."""
    texts = [{"type": 10, "content": f"{number} m"} for number in range(3)]
    parts = [
        {"type": 17, "components": [{"type": 9, "components": texts[:2], "accessory": {"type": 11}}, {"type": 14}]},
        {"type": 1, "components": [{"type": 2, "label": "More"}]},
        texts[2],
    ]
    forward = [{"message": {"content": "", "components": parts}}]
    rows = [api(0, "", components=parts), api(1, "thanks"), api(2, "", message_snapshots=forward)]
    (day,) = documents(recognised(write(tmp_path, rows)))
    assert [item.text for item in day.segments] == ["0 m\n1 m\n2 m", "thanks", "0 m\n1 m\n2 m"]


def test_what_nobody_said_is_left_out(tmp_path: Path) -> None:
    """Joins and pins are the machine's; empty messages have no words; an embed's text stands in for one."""
    embed = {"type": "article", "title": "Harbour news", "description": "The bridge opens."}
    rows = [
        api(1, "joined", type=7),
        api(2, "  "),
        api(3, "", embeds=[embed]),
        api(4, "see https://example.org", embeds=[embed]),
    ]
    texts = [item.text for item in segments(DiscordExport(write(tmp_path, rows)))]
    assert texts == ["Harbour news\nThe bridge opens.", "see https://example.org"]


def test_bad_records_do_not_take_the_good_ones_along(tmp_path: Path) -> None:
    """Nulls, wrong types and missing fields are reported one by one."""
    rows = [api(1, "good"), None, 7, {"id": []}, api(2, [1]), api(3, "no channel", channel_id=None)]
    items = list(DiscordExport(write(tmp_path, rows)))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: good"]
    assert sum(isinstance(item, RecordError) for item in items) == 5


def test_a_truncated_list_keeps_what_is_whole(tmp_path: Path) -> None:
    """A file cut off in its second message gives the first, and one error that says where."""
    whole = json.dumps([api(1, "kept"), api(2, "cut off")])
    path = tmp_path / "cut.json"
    path.write_text(whole[:-30], encoding="utf-8")
    items = list(DiscordExport(path))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: kept"]
    (error,) = [item for item in items if isinstance(item, RecordError)]
    assert "character" in str(error)


def daily(minute: int, content: str, **more: Any) -> dict[str, Any]:
    """A message of a daily archive."""
    return {
        "author": "ivo",
        "category": "general",
        "parent": "",
        "content": content,
        "created_at": f"2024-05-01T09:{minute:02d}:00.125000+00:00",
        "attachments": None,
    } | more


class TestDailyArchive(SourceContract):
    """A folder of channels and days keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "archive"
        write(self.folder, [daily(1, "one"), daily(2, "two"), daily(2, "two")], "harbour/2024-05-01.json")
        write(self.folder, [daily(3, "in the thread", parent="harbour")], "cranes/2024-05-01.json")

    def make(self) -> Source:
        """Return a fresh source."""
        return DiscordExport(self.folder)

    def test_channels_days_and_threads(self) -> None:
        """The folder names the channel; a message with a parent is a thread's."""
        found = {document.id: document for document in documents(self.make())}
        assert set(found) == {"harbour/2024-05-01", "harbour/thread/cranes"}
        assert found["harbour/2024-05-01"].title == "#harbour"
        assert found["harbour/thread/cranes"].title == "#harbour > cranes"
        assert [item.text for item in found["harbour/2024-05-01"].segments] == ["one", "two"]


def test_conversations_that_run_at_once_come_apart(tmp_path: Path) -> None:
    """On demand, messages of an archive that says nothing of answers are linked and set apart; threads stay whole."""
    said = [
        ("ann", "anybody know how to mount a fat32 disk?"), ("bo", "which driver is it for my old radeon card?"),
        ("cy", "ann: mount -t vfat, did you try?"), ("dan", "bo: the radeon one, install mesa"),
        ("ann", "cy: thanks, vfat works for the disk"), ("bo", "dan: thanks, mesa works"),
    ]  # fmt: skip
    rows = [daily(minute, text, author=author) for minute, (author, text) in enumerate(said)]
    write(tmp_path, rows, "help/2024-05-01.json")
    write(tmp_path, [daily(3, "in the thread", parent="help")], "cranes/2024-05-01.json")
    source = DiscordExport(tmp_path, by_conversation=True)
    assert sorted([part.author for part in item.segments] for item in documents(source)) == [
        ["ann", "cy", "ann"],
        ["bo", "dan", "bo"],
        ["ivo"],
    ]
    assert sum(part.reply_to is not None for part in segments(source)) == 4
    assert sorted(part.id or "" for part in segments(source)) == sorted(
        part.id or "" for part in segments(DiscordExport(tmp_path))
    )


def test_a_thread_in_the_folder_of_its_channel(tmp_path: Path) -> None:
    """A folder below one that holds days is a thread of that channel; a server's folder above is not a channel."""
    write(tmp_path, [daily(1, "one")], "server/harbour/2024-05-01.json")
    write(tmp_path, [daily(2, "two")], "server/harbour/cranes 🏗/2024-05-01.json")
    write(tmp_path, [daily(3, "three")], "server/harbour/cranes 🏗/2024-05-02.json")
    found = {item.id: item.text for item in documents(DiscordExport(tmp_path))}
    assert found == {"harbour/2024-05-01": "ivo: one", "harbour/thread/cranes 🏗": "ivo: two\nthree"}


def test_daily_ids_survive_an_edit(tmp_path: Path) -> None:
    """Author and time make the id, so an edited text has the same; equal times are told apart by text."""
    before, other = segments(DiscordExport(write(tmp_path, [daily(1, "before"), daily(2, "x")], "a/2024-05-01.json")))
    (after,) = segments(DiscordExport(write(tmp_path, [daily(1, "after")], "b/a/2024-05-01.json")))
    assert before.id == after.id != other.id
    twins = [daily(1, "this"), daily(1, "that")]
    assert len({item.id for item in segments(DiscordExport(write(tmp_path, twins, "c/2024-05-01.json")))}) == 2


def test_recognised_by_content(tmp_path: Path) -> None:
    """Other JSON is not taken for Discord, nor is a folder that holds any other JSON."""
    discord = write(tmp_path, [api(1, "x")], "one/a.json")
    assert recognised(discord)
    assert recognised(discord.parent)
    for value in ([], {}, [{"id": "1", "text": "tweet"}], {"messages": []}, [{"speaker": "A", "text": "x"}], 7, "x"):
        path = write(tmp_path, value, "one/b.json")
        assert not DiscordExport.recognises(path, path.read_bytes())
    assert not DiscordExport.recognises(discord.parent, b"")
