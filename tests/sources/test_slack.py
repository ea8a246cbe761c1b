"""Slack exports: zip and folder, threads, markup, bots, files and noise."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents
from forum_helpers import sound_segments as segments

from masa_rag import Memory
from masa_rag._rows import decode_document
from masa_rag.catalog import _documents
from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import SlackExport, open_sources
from masa_rag.sources._base import read_head
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

NINE = 1714554000
"""2024-05-01 09:00:00 UTC in Unix seconds."""
USERS = [
    {"id": "U1", "name": "nora.k", "profile": {"display_name": "Nora", "real_name": "Nora Kern"}},
    {"id": "U2", "name": "ivo", "real_name": "Ivo Blau", "profile": {"display_name": ""}},
]
CHANNELS = [{"id": "C1", "name": "general", "topic": {"value": "Boats"}, "purpose": {"value": ""}}]


def ts(minute: int, low: int = 100) -> str:
    """The time stamp of so many minutes after nine."""
    return f"{NINE + 60 * minute}.{low:06d}"


def said(minute: int, text: Any, **more: Any) -> dict[str, Any]:
    """A message of Nora's."""
    return {"type": "message", "user": "U1", "text": text, "ts": ts(minute)} | more


def export(folder: Path, days: dict[str, Any], *, zipped: bool = True, prefix: str = "", **lists: Any) -> Path:
    """Write an export whose ``days`` are ``<channel>/<date>``; ``lists`` replaces or adds the other files."""
    files: dict[str, Any] = {"users": USERS, "channels": CHANNELS} | lists | days
    files = {f"{prefix}{name}.json": value for name, value in files.items() if value is not None}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in files.items()}
    if not zipped:
        for name, text in texts.items():
            (folder / "export" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "export" / name).write_text(text, encoding="utf-8")
        return folder / "export"
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return folder / "export.zip"


def recognised(path: Path) -> SlackExport:
    """The source, after it has said by the content that the file is its own."""
    assert SlackExport.recognises(path, read_head(path))
    return SlackExport(path)


def texts(folder: Path, *messages: dict[str, Any], **lists: Any) -> list[str]:
    """What is read of these messages of one day."""
    return [
        item.text for item in segments(SlackExport(export(folder, {"general/2024-05-01": list(messages)}, **lists)))
    ]


def test_an_export_whose_first_day_says_nothing(tmp_path: Path) -> None:
    """A day without messages and one with an app's very long message keep no export unknown."""
    long = said(0, "x" * 70_000, bot_id="B1")
    days = {"alerts/2024-05-01": [], "apps/2024-05-01": [long]}
    path = export(tmp_path, days | {"general/2024-05-01": [said(1, "hello")]})
    assert [item.text for item in segments(recognised(path))] == ["x" * 70_000, "hello"]


class TestExport(SourceContract):
    """An export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        days = {
            "general/2024-05-01": [
                said(2, "b"),
                said(1, "a", thread_ts=ts(1), reply_count=1),
                said(0, "z"),
                said(0, "z"),
            ],
            "general/2024-05-02": [said(1500, "late answer", thread_ts=ts(1))],
        }
        self.path = export(tmp_path, days)

    def make(self) -> Source:
        """Return a fresh source."""
        return SlackExport(self.path)


@pytest.mark.parametrize(("zipped", "prefix"), [(True, ""), (True, "Harbour export/"), (False, "")])
def test_zip_and_folder(tmp_path: Path, zipped: bool, prefix: str) -> None:
    """Zip, zip with a folder in it, and folder give the same document."""
    path = export(tmp_path, {"general/2024-05-01": [said(0, "hello")]}, zipped=zipped, prefix=prefix)
    (document,) = documents(recognised(path))
    assert document.id == "C1/2024-05-01"
    assert document.title == "#general"
    assert document.metadata == {"platform": "slack", "channel_id": "C1", "channel": "general", "topic": "Boats"}
    (segment,) = document.segments
    assert (segment.id, segment.author) == (ts(0), "Nora")
    assert segment.created_at == datetime(2024, 5, 1, 9, 0, 0, 100, tzinfo=UTC)
    assert segment.metadata == {"author_id": "U1", "real_name": "Nora Kern"}


def test_a_zip_anywhere_in_a_folder_of_other_files(tmp_path: Path) -> None:
    """The folder that somebody keeps exports in is not taken for the export."""
    (tmp_path / "exports" / "slack").mkdir(parents=True)
    export(tmp_path / "exports" / "slack", {"general/2024-05-01": [said(0, "The boat leaks.")]})
    (tmp_path / "exports" / "notes.md").write_text("Paint the boat.")
    found = {type(source).__name__: source for source in open_sources(tmp_path / "exports")}
    assert [item.text for item in segments(found["SlackExport"])] == ["The boat leaks."]
    assert set(found) == {"SlackExport", "Files"}


def test_threads_are_documents_of_their_own(tmp_path: Path) -> None:
    """A thread holds its first message and all answers, over days; plain messages stay in the channel's day."""
    days = {
        "general/2024-05-01": [
            said(0, "question", thread_ts=ts(0), reply_count=2),
            said(1, "plain"),
            said(2, "answer", thread_ts=ts(0), user="U2"),
        ],
        "general/2024-05-02": [said(1500, "shared answer", thread_ts=ts(0), subtype="thread_broadcast")],
    }
    found = {item.id: item for item in documents(SlackExport(export(tmp_path, days), workspace="harbour"))}
    assert set(found) == {"C1/2024-05-01", f"C1/thread/{ts(0)}"}
    thread = found[f"C1/thread/{ts(0)}"]
    assert thread.text == "Nora: question\nIvo Blau: answer\nNora: shared answer"
    assert [item.reply_to for item in thread.segments] == [None, ts(0), ts(0)]
    assert thread.segments[1].url == f"https://harbour.slack.com/archives/C1/p{ts(2).replace('.', '')}"
    assert found["C1/2024-05-01"].text == "Nora: plain"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<@U2> and <@U9|guest> and <@U8>", "@Ivo Blau and @guest and @U8"),
        ("in <#C1|old-name> or <#C7|far> or <#C8>", "in #general or #far or #C8"),
        ("see <https://tides.example/may|the table>", "see the table (https://tides.example/may)"),
        ("see <https://tides.example/may>", "see https://tides.example/may"),
        ("see <https://tides.example|tides.example>", "see https://tides.example"),
        ("<mailto:nora@harbour.example|nora@harbour.example>", "nora@harbour.example"),
        ("call <tel:28919.86|28919.86>", "call 28919.86"),
        ("<!here> <!channel> <!everyone|everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@crew> <!date^1^{date}|1 May>", "@crew 1 May"),
        ("a &lt; b &amp;&amp; c &gt; d &amp;lt;", "a < b && c > d &lt;"),
        ("if a < b: :wave:", "if a < b: :wave:"),
        ("<https://files.example/x.pdf?t=xoxe-11-22-abc|plan>", "plan (https://files.example/x.pdf)"),
    ],
)
def test_markup(tmp_path: Path, raw: str, expected: str) -> None:
    """Every kind of mention and link becomes readable; tokens in addresses are cut out."""
    assert texts(tmp_path, said(0, raw)) == [expected]


def test_what_nobody_said_is_left_out(tmp_path: Path) -> None:
    """Joins, leaves, topics and pins are the workspace's lines; empty messages have no words."""
    noise = ["channel_join", "channel_leave", "channel_topic", "group_join", "pinned_item", "bot_add", "tombstone"]
    rows = [said(number, "noise", subtype=subtype) for number, subtype in enumerate(noise)]
    assert texts(tmp_path, *rows, said(20, ""), said(21, "kept"), said(22, "waves", subtype="me_message")) == [
        "kept",
        "waves",
    ]


def test_edits(tmp_path: Path) -> None:
    """The time of an edit is kept, the later edit wins, and a change wrapped in an event is unwrapped."""
    edited = said(0, "after", edited={"user": "U1", "ts": ts(5)})
    wrapped = {"type": "message", "subtype": "message_changed", "ts": ts(9), "message": said(1, "changed")}
    path = export(tmp_path, {"general/2024-05-01": [edited, said(0, "before"), wrapped]})
    first, second = segments(SlackExport(path))
    assert (first.text, first.edited_at) == ("after", datetime(2024, 5, 1, 9, 5, 0, 100, tzinfo=UTC))
    assert (second.text, second.id) == ("changed", ts(1))


def test_bots_and_guests_have_names(tmp_path: Path) -> None:
    """A bot is named by itself, by its profile, or by the line that added it; a guest by the profile in the message."""
    rows = [
        said(0, "added: <https://harbour.example/services/B1|tides>", subtype="bot_add"),
        {"type": "message", "subtype": "bot_message", "ts": ts(1), "bot_id": "B1", "text": "high"},
        {"type": "message", "subtype": "bot_message", "ts": ts(2), "username": "radio", "text": "fog"},
        {
            "type": "message",
            "ts": ts(3),
            "user": "U7",
            "bot_id": "B7",
            "bot_profile": {"name": "clock"},
            "text": "noon",
        },
        said(4, "hi", user="W5", user_profile={"real_name": "Ada Fern"}),
        said(5, "yo", user="U99"),
    ]
    found = segments(SlackExport(export(tmp_path, {"general/2024-05-01": rows})))
    assert [item.author for item in found] == ["tides", "radio", "U7", "Ada Fern", "U99"]
    assert found[0].metadata["bot"] is True


def test_words_outside_the_text(tmp_path: Path) -> None:
    """Bots speak through attachments and blocks, files through their titles; link previews are not said by anyone."""
    preview = [{"title": "Tides", "text": "A page", "fallback": "Tides"}]
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "a < b, "},
                    {"type": "user", "user_id": "U2"},
                    {"type": "emoji", "name": "wave"},
                    {"type": "link", "url": "https://tides.example", "text": "here"},
                ],
            }
        ],
    }
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "*High* water"}}
    bot = {"type": "message", "subtype": "bot_message", "bot_id": "B1", "text": ""}
    rows = [
        said(0, "see <https://tides.example>", attachments=preview),
        bot
        | {
            "ts": ts(1),
            "attachments": [{"pretext": "Now:", "title": "14:05", "fields": [{"title": "m", "value": "3"}]}],
        },
        bot | {"ts": ts(2), "attachments": [{"fallback": "only this"}]},
        bot | {"ts": ts(3), "blocks": [section]},
        said(4, "", blocks=[rich]),
        said(5, "", files=[{"name": "plan.pdf", "title": "Summer plan"}]),
        said(6, "the <https://x.example|Summer plan>", file={"title": "Summer plan"}, subtype="file_share"),
    ]
    assert texts(tmp_path, *rows) == [
        "see https://tides.example",
        "Now:\n14:05\nm: 3",
        "only this",
        "*High* water",
        "a < b, @Ivo Blau:wave:here (https://tides.example)",
        "Summer plan",
        "the Summer plan (https://x.example)",
    ]


def test_pasted_code_is_read(tmp_path: Path) -> None:
    """Slack shows a snippet's first lines below the message; signs in it are no markup, and a cut is marked."""
    code = {"mode": "snippet", "title": "tide.py", "preview": "if low < <@U2>:\n    wait()"}
    rows = [
        said(0, "look", files=[code]),
        said(1, "", files=[code | {"preview_is_truncated": True}]),
        said(2, "", files=[{"mode": "hosted", "title": "plan.pdf", "preview": "not shown"}]),
    ]
    words = "tide.py\nif low < <@U2>:\n    wait()"
    assert texts(tmp_path, *rows) == [f"look\n{words}", f"{words}\n…", "plan.pdf"]


def test_what_is_said_in_a_clip_is_read(tmp_path: Path) -> None:
    """Slack writes down what voice and video clips say; an export has its beginning, below the clip's name."""
    heard = {"status": "complete", "preview": {"content": "Salt got into the case.", "has_more": False}}
    clip = {"mode": "hosted", "subtype": "slack_audio", "title": "audio_message.m4a"}
    cut = {"preview": {"content": "Then", "has_more": True}}
    rows = [
        said(0, "", files=[clip | {"transcription": heard}]),
        said(1, "", files=[clip | {"transcription": cut}]),
        said(2, "", files=[clip | {"transcription": {"status": "processing"}}]),
    ]
    name = "audio_message.m4a"
    assert texts(tmp_path, *rows) == [f"{name}\nSalt got into the case.", f"{name}\nThen\n…", name]


def app(minute: int, text: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    """A message of an app: words for notifications, and blocks, which are what Slack shows."""
    about = {"type": "message", "subtype": "bot_message", "bot_id": "B9", "username": "Deploys"}
    return about | {"ts": ts(minute), "text": text, "blocks": list(blocks)}


def section(text: str, *fields: str) -> dict[str, Any]:
    """A section block of a text and short fields."""
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": text},
        "fields": [{"type": "mrkdwn", "text": field} for field in fields],
    }


def test_the_blocks_of_an_app_are_read_with_its_text(tmp_path: Path) -> None:
    """What blocks add to the text is read, text before fields; what the text says already is not said twice."""
    header = {"type": "header", "text": {"type": "plain_text", "text": ":rotating_light: New incident"}}
    listed = [{"type": "rich_text_section", "elements": [{"type": "text", "text": name}]} for name in ("ropes", "oil")]
    ordered = {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "ordered", "elements": listed}]}
    button = {"type": "button", "text": {"type": "plain_text", "text": "Approve"}}
    rows = [
        app(0, "This content can't be displayed.", section("*Release 4.2* shipped by <@U1>")),
        app(1, "New incident", header, section("Pump is down", "*Pier*\n4", "*Since*\n09:01")),
        app(2, "Pump 4 is down", section("Pump 4 is down", "*Pier*\n4"), {"type": "markdown", "text": "Call **Ivo**"}),
        app(3, "*Release 4.2* shipped by <@U1>", section("Release 4.2 shipped by <@U1>")),
        app(4, "To buy:\n1. ropes\n2. oil", ordered),
        app(5, "Spend 5?", section("Spend 5?"), {"type": "actions", "elements": [button]}),
        app(7, "_Deploy_ of `api` finished", section("Deploy of api finished")),
        app(6, "This content can’t be displayed.", {"type": "image", "image_url": "https://harbour.example/x.png"}),
    ]
    assert texts(tmp_path, *rows) == [
        "*Release 4.2* shipped by @Nora",
        "New incident\nPump is down\n*Pier*\n4\n*Since*\n09:01",
        "Pump 4 is down\n*Pier*\n4\nCall **Ivo**",
        "*Release 4.2* shipped by @Nora",
        "To buy:\n1. ropes\n2. oil",
        "Spend 5?",
        "_Deploy_ of `api` finished",
    ]


def test_the_blocks_of_a_person_repeat_the_text(tmp_path: Path) -> None:
    """Slack writes each message of a person twice, as markup and as blocks: the markup is read."""
    words = {"type": "text", "text": "The boat leaks", "style": {"bold": True}}
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [words]}]}
    assert texts(tmp_path, said(0, "*The boat leaks*", blocks=[rich])) == ["*The boat leaks*"]


def test_a_shared_message_is_quoted(tmp_path: Path) -> None:
    """A message shared with a comment, or without, is a quotation of whom it is from; its link is metadata."""
    words = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Fog"}]}],
    }
    shared = {"is_share": True, "author_name": "Ivo", "from_url": "https://harbour.slack.com/archives/C1/p1"}
    rows = [
        said(0, "fyi", attachments=[shared | {"text": "Mind <#C1>:\nthe rope"}]),
        said(1, "", attachments=[shared | {"text": "High water"}]),
        said(2, "look", attachments=[shared | {"message_blocks": [{"message": {"blocks": [words]}}]}]),
        said(3, "no words", attachments=[shared | {"fallback": "[no preview available]"}]),
    ]
    found = segments(SlackExport(export(tmp_path, {"general/2024-05-01": rows})))
    assert [item.text for item in found] == [
        "fyi\n> Ivo: Mind #general:\n> the rope",
        "> Ivo: High water",
        "look\n> Ivo: Fog",
        "no words",
    ]
    assert found[0].metadata["shared"] == ["https://harbour.slack.com/archives/C1/p1"]


def test_reactions_and_files_are_metadata(tmp_path: Path) -> None:
    """Reactions are counted, files are named."""
    row = said(0, "x", reactions=[{"name": "wave", "count": 2, "users": ["U1"]}], files=[{"title": "Plan"}])
    (segment,) = segments(SlackExport(export(tmp_path, {"general/2024-05-01": [row]})))
    assert segment.metadata["reactions"] == {"wave": 2}
    assert segment.metadata["files"] == ["Plan"]


def test_direct_messages_are_titled_by_their_people(tmp_path: Path) -> None:
    """Direct messages lie in folders named by id, those of several people by a name nobody wants to read."""
    group = {"id": "G1", "name": "mpdm-nora--ivo-1", "members": ["U1", "U2", "U9"]}
    days = {"D1/2024-05-01": [said(0, "x")], "mpdm-nora--ivo-1/2024-05-01": [said(0, "y")]}
    path = export(tmp_path, days, dms=[{"id": "D1", "members": ["U1", "U2"]}], mpims=[group])
    found = {item.id: item.title for item in documents(recognised(path))}
    assert found == {"D1/2024-05-01": "Nora, Ivo Blau", "G1/2024-05-01": "Nora, Ivo Blau, U9"}


def test_enterprise_export(tmp_path: Path) -> None:
    """People of the organisation are in one file, channels in the folders of their teams."""
    days = {"teams/T1/general/2024-05-01": [said(0, "x")], "teams/T2/general/2024-05-01": [said(0, "y")]}
    lists = {"teams/T1/channels": CHANNELS, "teams/T2/channels": [{"id": "C2", "name": "general"}]}
    path = export(tmp_path, days, users=None, channels=None, org_users={"users": USERS}, **lists)
    found = {item.id: item.segments[0].author for item in documents(recognised(path))}
    assert found == {"C1/2024-05-01": "Nora", "C2/2024-05-01": "Nora"}


def test_damage_costs_only_what_is_damaged(tmp_path: Path) -> None:
    """Broken lists leave ids, broken days and messages are reported, slips are refused; the rest is read."""
    days = {
        "general/2024-05-01": [said(0, "good"), None, said(1, 7), said(2, "x", ts="soon"), {"type": "message"}],
        "general/2024-05-02": "[{",
        "general/2024-05-03": json.dumps([said(2880, "whole"), said(2881, "cut")])[:-20],
        "../2024-05-01": "[]",
    }
    items = list(SlackExport(export(tmp_path, days, users='[{"id": "U1", "name": nothing')))
    found = [item for item in items if isinstance(item, Document)]
    assert [(item.id, item.text) for item in found] == [
        ("C1/2024-05-01", "U1: good"),
        ("C1/2024-05-03", "U1: whole"),
    ]
    assert sum(isinstance(item, RecordError) for item in items) == 8


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    """A day that unpacks to 300 MB of nothing is an error of that day."""
    path = export(tmp_path, {"general/2024-05-01": [said(0, "good")]})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("general/2024-05-02.json", "w") as day,
    ):
        day.write(b"[")
        for _ in range(30):
            day.write(b" " * 1_000_000)
    items = list(SlackExport(path))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: good"]
    assert "unpacks to more" in " ".join(str(item) for item in items if isinstance(item, RecordError))


def test_other_archives_are_not_taken(tmp_path: Path) -> None:
    """Without people, without rooms, without messages, or with other messages, it is no Slack export."""
    day = {"general/2024-05-01": [said(0, "x")]}
    foreign = {"general/2024-05-01": [{"author": "x", "content": "y"}]}
    for number, (days, lists) in enumerate(
        [(day, {"users": None}), (day, {"channels": None}), ({}, {}), (foreign, {})]
    ):
        for zipped in (True, False):
            folder = tmp_path / f"{number}-{zipped}"
            folder.mkdir()
            path = export(folder, days, zipped=zipped, **lists)
            assert not SlackExport.recognises(path, read_head(path)), number


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_message_that_was_answered_since_moves_to_its_thread(
    memory: Memory, tmp_path: Path, newest_first: bool
) -> None:
    """An older export has it among the day's messages, a newer one in its thread: it stands there alone."""
    alone = [said(0, "Who has the ropes?"), said(1, "The tide is high.")]
    answered = [
        said(0, "Who has the ropes?", thread_ts=ts(0)),
        said(1, "The tide is high."),
        said(2, "I have.", thread_ts=ts(0)),
    ]
    exports = []
    for number, rows in enumerate((alone, answered)):
        (tmp_path / str(number)).mkdir()
        exports.append(SlackExport(export(tmp_path / str(number), {"general/2024-05-01": rows})))
    for source in (*exports, *exports)[:: -1 if newest_first else 1]:
        memory.add(source)
        memory.add(source)
    day, thread = memory.document("slack", "C1/2024-05-01"), memory.document("slack", f"C1/thread/{ts(0)}")
    assert day is not None
    assert thread is not None
    assert [part.text for part in day.segments] == ["The tide is high."]
    assert [part.text for part in thread.segments] == ["Who has the ropes?", "I have."]
    assert memory.verify() == []
    memory.sync(exports[0], allow_mass_delete=True)
    again = memory.document("slack", "C1/2024-05-01")
    assert again is not None
    assert [part.text for part in again.segments] == ["Who has the ropes?", "The tide is high."]


def test_a_day_is_not_read_for_each_of_its_threads(memory: Memory, tmp_path: Path, monkeypatch: Any) -> None:
    """To add an export again takes no reading of a day for each thread in which its messages were answered."""
    threads = [said(2 * n + at, f"{n}, {at}", thread_ts=ts(2 * n)) for n in range(9) for at in range(2)]
    path = export(tmp_path, {"general/2024-05-01": [said(30, "The tide is high."), *threads]})
    memory.add(SlackExport(path))
    read: list[bytes] = []
    monkeypatch.setattr(_documents, "decode_document", lambda body: read.append(body) or decode_document(body))
    assert memory.add(SlackExport(path)).unchanged == 10
    assert not [body for body in read if b"The tide is high." in body]


def test_a_file_that_is_no_export_is_named_once(tmp_path: Path) -> None:
    """The error of the zip names the file already."""
    path = tmp_path / "noise.zip"
    path.write_bytes(b"noise")
    (error,) = list(SlackExport(path))
    assert str(error) == f"{path}: is no zip that can be read (File is not a zip file); download it again"
