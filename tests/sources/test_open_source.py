"""Recognising what somebody has, by its content."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from masa_rag import (
    ConfigurationError,
    Document,
    Memory,
    RecordError,
    SourceFormatError,
    SourceUnavailableError,
    open_source,
)
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.sources import Files, Transcripts, Tweets, WebPages, known_sources, open_sources
from masa_rag.sources._base import FileSource
from masa_rag.sources._registry import _plugins

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("tidewell_podcast.txt", "Transcripts"),
        ("tidewell_podcast.ogg", "Recordings"),
        ("tidewell_tweets.json", "Tweets"),
        ("tidewell_discord.json", "DiscordExport"),
        ("tidewell_rewards.html", "WebPages"),
        ("README.md", "Files"),
    ],
)
def test_example_files_are_recognised(file: str, kind: str) -> None:
    """Each kind of file by its own source, whatever its suffix says."""
    assert type(open_source(EXAMPLES / file)).__name__ == kind


def test_a_folder_of_several_formats_gives_a_source_each() -> None:
    """Each file is read once, by the source that knows it; the recording's transcript stands beside it."""
    sources = {type(source).__name__: source for source in open_sources(EXAMPLES)}
    assert set(sources) == {"Transcripts", "Tweets", "DiscordExport", "WebPages", "Files"}
    assert [item.id for item in sources["Transcripts"] if isinstance(item, Document)] == ["tidewell_podcast"]
    assert [item.id for item in sources["Files"] if isinstance(item, Document)] == ["README.md"]
    with pytest.raises(SourceFormatError, match="several formats"):
        open_source(EXAMPLES)
    names = {source.name for source in open_sources(EXAMPLES, name="x")}
    assert names >= {"transcripts:x", "tweets:x", "files:x"}


DISCORD = [
    {"id": "1235166000000000001", "channel_id": "1235166000000000002", "content": "The boat leaks.",
     "timestamp": "2024-05-01T10:00:00+00:00", "author": {"id": "1235166000000000003", "username": "nora"}}
]  # fmt: skip
TELEGRAM = {
    "name": "Crew", "type": "private_group", "id": 5,
    "messages": [{"id": 1, "type": "message", "date": "2024-05-01T10:00:00", "from": "Ivo", "text": "Paint it."}],
}  # fmt: skip
WHATSAPP = "01/05/2024, 18:30 - Ann: Who paints?\n13/05/2024, 18:31 - Bo: Me.\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"discord.json": DISCORD, "notes.md": "Paint."}, {"DiscordExport", "Files"}),
        ({"telegram/result.json": TELEGRAM, "whatsapp/chat.txt": WHATSAPP}, {"TelegramExport", "WhatsAppExport"}),
        ({"discord/boats.json": DISCORD, "chat.txt": WHATSAPP}, {"DiscordExport", "WhatsAppExport"}),
        ({"page.html": "<html><p>Boats.</p></html>", "chat.txt": WHATSAPP}, {"WebPages", "WhatsAppExport"}),
        ({"page.html": "<html><p>Boats.</p></html>", "robots.txt": "User-agent: *"}, {"WebPages"}),
        ({"result.json": TELEGRAM, "files/sent.txt": WHATSAPP, "files/note.md": "Sent."}, {"TelegramExport"}),
        ({"boats.json": DISCORD, "boats.json_Files/sent.md": "Sent."}, {"DiscordExport"}),
    ],
    ids=["beside", "folders", "above", "pages", "a site", "files of a chat", "media of a channel"],
)
def test_nothing_beside_an_export_of_chats_is_lost(tmp_path: Path, files: dict[str, Any], expected: set[str]) -> None:
    """A folder with a chat export and other files is read whole; what was sent in a chat is part of the export."""
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    assert {type(source).__name__ for source in open_sources(tmp_path)} == expected


@pytest.mark.parametrize(
    ("export", "said", "folder"),
    [("result.json", TELEGRAM, "files"), ("boats.json", DISCORD, "boats.json_Files")],
    ids=["Telegram", "Discord"],
)
def test_what_was_sent_in_a_chat_is_no_export(tmp_path: Path, export: str, said: Any, folder: str) -> None:
    """JSON and pages that somebody sent change nothing of how a folder is read, and are no damage."""
    (tmp_path / folder).mkdir()
    (tmp_path / export).write_text(json.dumps(said))
    for name in ("sent.json", "sent.html", "sent.md"):
        (tmp_path / folder / name).write_text("[1]")
    (source,) = open_sources(tmp_path)
    assert [type(item) for item in source] == [Document]


def test_a_note_behind_many_saved_pages(tmp_path: Path) -> None:
    """A folder of pages is a folder of pages only when there is nothing else in it, however many there are."""
    for number in range(210):
        (tmp_path / f"{number:03}.html").write_text("<html><body><p>The boat leaks.</p></body></html>")
    (tmp_path / "notes.md").write_text("Paint.")
    assert {type(source).__name__ for source in open_sources(tmp_path)} == {"WebPages", "Files"}


def test_a_data_package_of_discord_among_other_files(tmp_path: Path) -> None:
    """The zip that Discord sends is read in a folder too."""
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as package:
        package.writestr("messages/index.json", json.dumps({"123456789012345678": "boats"}))
        message = {"ID": 123456789012345680, "Timestamp": "2024-05-01 10:00:00", "Contents": "The boat leaks."}
        package.writestr("messages/c123456789012345678/messages.json", json.dumps([message]))
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as pictures:
        pictures.writestr("beach.jpg", b"\xff\xd8\xff")
    (tmp_path / "notes.md").write_text("Paint.")
    with pytest.warns(UserWarning, match=r"no source recognises holiday\.zip"):
        found = {type(source).__name__: source for source in open_sources(tmp_path)}
    (day,) = found["DiscordExport"]
    assert isinstance(day, Document)
    assert day.text.endswith("The boat leaks.")


def test_a_recording_is_not_transcribed_where_its_transcript_stands_beside_it(tmp_path: Path) -> None:
    """Zoom saves sound, video and captions of one call; another recording has none, and a number makes another name."""
    for name in ("call.m4a", "call.mp4", "walk.mp3", "talk.mp3"):
        shutil.copy(EXAMPLES / "tidewell_podcast.ogg", tmp_path / name)
    for name in ("call.transcript.vtt", "talk.2.vtt"):
        (tmp_path / name).write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nAnn: Seals sleep.\n")
    sources = {type(source).__name__: source for source in open_sources(tmp_path)}
    assert set(sources) == {"Transcripts", "Recordings"}
    assert sorted(path.name for path in sources["Recordings"].files()) == ["talk.mp3", "walk.mp3"]


@pytest.mark.parametrize(("notes", "kept"), [("Seals, and what they cost in Skarholm.", ["talk.txt"]), ("", [])])
def test_a_text_that_says_what_its_transcript_says_is_read_once(tmp_path: Path, notes: str, kept: list[str]) -> None:
    """Whisper writes the bare words beside the captions; notes on a talk have words of their own and are kept."""
    said = ["The pump failed again.", "Then order a new seal.", "They open at eight."]
    rows = [f"{at}\n00:00:0{at},000 --> 00:00:0{at},900\n{text}\n" for at, text in enumerate(said)]
    (tmp_path / "talk.srt").write_text("\n".join(rows))
    (tmp_path / "talk.txt").write_text(notes or "\n".join(said))
    found = {type(source).__name__: [item.id for item in source] for source in open_sources(tmp_path)}  # type: ignore[union-attr]
    assert found == {"Transcripts": ["talk"]} | ({"Files": kept} if kept else {})


def test_exports_that_are_folders_within_a_folder(tmp_path: Path) -> None:
    """A Slack export and an X archive beside other files are read as what they are, and their files not again."""
    said = [{"type": "message", "user": "U1", "text": "The tide is high.", "ts": "1714554000.000100"}]
    tweet = {"id_str": "234000000000000001", "full_text": "Low water", "created_at": "Fri Aug 10 16:00:11 +0000 2012"}
    files = {
        "mine/slack/users.json": json.dumps([{"id": "U1", "name": "nora"}]),
        "mine/slack/channels.json": json.dumps([{"id": "C1", "name": "general"}]),
        "mine/slack/general/2024-05-01.json": json.dumps(said),
        "twitter/data/tweets.js": f"window.YTD.tweets.part0 = {json.dumps([{'tweet': tweet}])}",
        "note.md": "One note.",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "round").symlink_to(tmp_path)
    found = {
        type(source).__name__: [item.id for item in source if isinstance(item, Document)]
        for source in open_sources(tmp_path)
    }
    assert found == {
        "SlackExport": ["C1/2024-05-01"], "Tweets": ["234000000000000001"], "Files": ["note.md"],
    }  # fmt: skip


def test_ids_do_not_depend_on_the_other_files_of_a_folder(tmp_path: Path) -> None:
    """A file that is added elsewhere in the folder changes nobody's id."""

    def ids() -> list[str]:
        return [item.id for source in open_sources(tmp_path) for item in source if isinstance(item, Document)]

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.md").write_text("One note.")
    before = ids()
    (tmp_path / "two.md").write_text("Another note.")
    (tmp_path / "talk.txt").write_text("[00:00:00] Ann: Hello.\n[00:00:05] Bo: Hello to you.\n")
    assert set(before) < set(ids())


def test_the_form_can_be_named(tmp_path: Path) -> None:
    """When the content says little, the user decides."""
    (tmp_path / "x.txt").write_text("Ann: hello\nBo: hi\n")
    assert isinstance(open_source(tmp_path / "x.txt", form="transcripts"), Transcripts)
    assert isinstance(open_source(tmp_path / "x.txt", form="Files"), Files)
    with pytest.raises(ConfigurationError, match="known are"):
        open_source(tmp_path / "x.txt", form="Nonsense")


def test_what_is_not_there_and_what_is_not_known_are_told_apart(tmp_path: Path) -> None:
    """A wrong path is not a wrong format."""
    with pytest.raises(SourceUnavailableError, match="check the spelling"):
        open_source(tmp_path / "no")
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(SourceFormatError, match="known are"):
        open_source(tmp_path / "x.bin")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceFormatError, match="holds no files"):
        open_source(tmp_path / "empty")


@pytest.mark.parametrize("name", ["export.json", "dump.jsonl", "table.csv"])
def test_what_is_read_as_plain_text_for_want_of_a_source_is_said(tmp_path: Path, name: str) -> None:
    """An export that is cut off reads as text, which its owner would not notice; named as text it is no surprise."""
    (tmp_path / name).write_text('{"messages": [{"id": 1, "text": "The tide')
    with pytest.warns(UserWarning, match=rf"no source recognises .*{name}; read as plain text. .* masa-rag add --as"):
        assert isinstance(open_source(tmp_path / name), Files)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(open_source(tmp_path / name, form="Files"), Files)
        for text in ("note.md", "README", "day.LOG"):
            (tmp_path / text).write_text("The tide turns.")
            assert isinstance(open_source(tmp_path / text), Files)


def test_an_unknown_table_tells_its_columns(tmp_path: Path) -> None:
    """And those of which one would be read."""
    (tmp_path / "sales.csv").write_text("region;amount\nnorth;3\n")
    with pytest.warns(UserWarning, match=r"received the columns region, amount; expected such as id,created_at,"):
        assert isinstance(open_source(tmp_path / "sales.csv"), Files)


def test_looking_through_a_folder_tells_how_far_it_is(tmp_path: Path) -> None:
    """Folders have no total, for nobody has counted them; files have."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("one.md", "a/two.md", "a/b/three.md"):
        (tmp_path / name).write_text("The tide turns.")
    told: list[tuple[str, int, int]] = []
    open_sources(tmp_path, progress=lambda *step: told.append(step))
    folders = [("look through folders", number, 0) for number in (0, 1, 2)]
    assert told == [*folders, *(("recognise files", number, 3) for number in (1, 2, 3))]


class Letters(FileSource):
    """A plug-in's source."""

    form = "letters"
    suffixes = frozenset({".letter"})

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Letters begin with Dear."""
        return head.startswith(b"Dear ")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two installed plug-ins, one of them broken."""
    points = [
        importlib.metadata.EntryPoint("Letters", f"{__name__}:Letters", "masa_rag.sources"),
        importlib.metadata.EntryPoint("Broken", "no_such_package:Source", "masa_rag.sources"),
    ]
    monkeypatch.setattr("masa_rag.sources._registry.entry_points", lambda group: points)
    _plugins.cache_clear()
    yield
    _plugins.cache_clear()


def test_plugins_are_asked_first_and_a_broken_one_is_skipped(plugins: None, tmp_path: Path) -> None:
    """One that cannot be loaded is warned about, by name."""
    (tmp_path / "x.letter").write_text("Dear Ann, hello.")
    with pytest.warns(UserWarning, match="'Broken'"):
        assert isinstance(open_source(tmp_path / "x.letter"), Letters)
    assert known_sources()["Letters"].endswith("(plug-in)")


def test_what_no_source_knows_is_said(tmp_path: Path) -> None:
    """The files that are left out are counted and named in one warning; hidden ones and memories are not spoken of."""
    (tmp_path / "note.md").write_text("A note about the harbour.")
    for name in ("a.bin", "b.bin", "c.bin", "d.bin", ".hidden.bin"):
        (tmp_path / name).write_bytes(b"\x00\x01\x02\xff" * 40)
    (tmp_path / "brain").mkdir()
    (tmp_path / "brain" / "memory.db").write_bytes(b"SQLite")
    (tmp_path / "brain" / "memory.lock").write_text("a memory is not read into a memory")
    with pytest.warns(UserWarning, match=r"no source recognises a.bin, b.bin, c.bin, d.bin in .*; left out"):
        assert len(open_sources(tmp_path)) == 1
    for number in range(17):
        (tmp_path / f"e{number:02}.bin").write_bytes(b"\x00\x01")
    with pytest.warns(UserWarning, match=r"d.bin, e00.bin, .*, e15.bin and 1 more in .*; left out"):
        open_sources(tmp_path)


@pytest.mark.parametrize("text", ["Speaker A: Hello.\nSpeaker B: Hi.\n" * 9, "12:01 <ann> hi\n12:02 <bo> yes\n" * 9])
def test_an_archive_is_no_text(tmp_path: Path, text: str) -> None:
    """What stands uncompressed in a zip is text for the most part, and was read with the zip's own bytes."""
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("notes.txt", text)
    with pytest.raises(SourceFormatError, match="is not recognised"):
        open_sources(tmp_path / "notes.zip")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write into it, and what is read from it cannot be read again."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceFormatError, match="pipe or a device"):
        open_sources(tmp_path / "pipe")


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    """Files whose names are of another encoding are read, and keep ids that tell them apart."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    for name in (b"\xe9.md", b"\xe8.md"):
        (folder / os.fsdecode(name)).write_text("The rope is blue.")
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        (source,) = open_sources(folder)
        assert (source.name, memory.add(source).added) == ("files:caf\\udce9", 2)
        assert memory.sync(source).unchanged == 2


def test_hidden_folders_are_not_read(tmp_path: Path) -> None:
    """A repository, or a vault of notes, holds much that nobody wrote to be remembered."""
    for folder in ("", ".git", ".git/hooks", "days"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "note.md").write_text("The rope is blue.")
    (source,) = open_sources(tmp_path)
    for found in (source, Files(tmp_path)):
        assert [item.id for item in found if isinstance(item, Document)] == ["days/note.md", "note.md"]


def test_what_a_browser_saved_with_a_page_is_no_page(tmp_path: Path) -> None:
    """Frames of adverts have no text, and as failures would keep each sync from deleting; other folders are read."""
    page = "<html><head><title>Crane</title></head><body><article><h1>Crane</h1><p>{}</p></article></body></html>"
    for name, text in {
        "Crane.html": "The harbour has a new crane since Monday, and it lifts forty tonnes.",
        "Crane_files/advert.html": "",
        "Crane_files/saved_resource.html": "Buy one crane and get a second one of the same colour for nothing.",
        "Other_files/kept.html": "The old crane is sold to a museum, where visitors climb it from spring on.",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(page.format(text))
    (source,) = open_sources(tmp_path)
    items = list(source)
    assert [item.id for item in items if isinstance(item, Document)] == ["Crane.html", "Other_files/kept.html"]
    assert len(items) == 2


def _locked(monkeypatch: pytest.MonkeyPatch, name: str, error: OSError) -> None:
    """Let a file of this name be as one that may not be read; the tests may run as root."""
    opened = Path.open

    def refuse(path: Path, *given: Any, **options: Any) -> Any:
        if path.name == name:
            raise error
        return opened(path, *given, **options)

    monkeypatch.setattr(Path, "open", refuse)


def _closed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a folder of this name be as one that may not be looked into."""
    looked, scanned = Path.stat, os.scandir

    def stat(path: Path, **options: Any) -> Any:
        if name in path.parts[:-1]:
            raise PermissionError(13, "Permission denied", str(path))
        return looked(path, **options)

    def scandir(path: Any) -> Any:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return scanned(path)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError("Permission denied")])
def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """It is said; in a folder it is named, reported as failed, and the others are read."""
    for name in ("locked.md", "open.md"):
        (tmp_path / name).write_text("The rope is blue.")
    _locked(monkeypatch, "locked.md", error)
    with pytest.raises(SourceUnavailableError, match=r"cannot be read \(Permission denied\); check its permissions"):
        open_sources(tmp_path / "locked.md")
    with pytest.warns(UserWarning, match=r"no source recognises locked.md \(Permission denied\) in .*; left out"):
        (source,) = open_sources(tmp_path)
    assert [item.id for item in source if isinstance(item, Document)] == ["open.md"]
    assert [str(item) for item in source if isinstance(item, RecordError)] == [
        f"{tmp_path / 'locked.md'}: cannot be read (Permission denied)"
    ]
    (tmp_path / "open.md").unlink()
    with pytest.raises(SourceFormatError, match=r"is recognised \(locked.md \(Permission denied\)\)"):
        open_sources(tmp_path)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside another it is named; alone it is said."""
    (tmp_path / "open.md").write_text("The rope is blue.")
    (tmp_path / "locked").mkdir()
    _closed(monkeypatch, "locked")
    with pytest.warns(UserWarning, match=r"no source recognises locked \(Permission denied\) in .*; left out"):
        assert len(open_sources(tmp_path)) == 1
    with pytest.raises(SourceUnavailableError, match=r"cannot be read \(Permission denied\)"):
        open_sources(tmp_path / "locked")


@pytest.mark.filterwarnings("ignore:no source recognises")
@pytest.mark.parametrize("form", [None, "Files"])
def test_what_may_not_be_read_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str | None) -> None:
    """A file or folder whose permissions or disk changed costs no document when its folder is mirrored."""
    for name in ("open.md", "other.md", "locked.md", "locked/in.md", "locked/deep/in.md"):
        (tmp_path / "notes" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notes" / name).write_text("The rope is blue.")
    with Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        (source,) = open_sources(tmp_path / "notes", form=form)
        assert memory.sync(source).added == 5
        _locked(monkeypatch, "locked.md", PermissionError(13, "Permission denied"))
        _closed(monkeypatch, "deep")
        (source,) = open_sources(tmp_path / "notes", form=form)
        report = memory.sync(source)
        assert (report.unchanged, len(report.failed), report.deleted) == (3, 2, 0)
        places = sorted(str(error).partition(": ")[0] for error in report.failed)
        assert places == [str(tmp_path / "notes" / name) for name in ("locked.md", "locked/deep")]


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_path_is_not_the_folder_where_one_is(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell gives it for a variable that is not set; the home folder must not be read, nor mirrored, for that."""
    (tmp_path / "private.md").write_text("Not meant.")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceUnavailableError, match="expected a file, a folder"):
        open_sources(path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("opening", ["<!-- -->", "<?x ?>", "<!doctype x>"])
def test_a_file_of_comments_is_looked_at_once(tmp_path: Path, opening: str) -> None:
    """What a file is, is told in no time, however many comments stand before its first element."""
    (tmp_path / "a.xml").write_text(opening * 5_000 + "words")
    with pytest.warns(UserWarning, match="read as plain text"):
        assert type(open_source(tmp_path / "a.xml")).__name__ == "Files"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("run", [" ", "\t", "<enclosure "])
def test_a_long_run_of_one_sign_is_looked_at_once(tmp_path: Path, run: str) -> None:
    """Tables are padded with blanks: recognition does not look at each of them from each."""
    (tmp_path / "a.txt").write_text(run * 60_000 + "words")
    assert type(open_source(tmp_path / "a.txt")).__name__ == "Files"


PARAGRAPH = "<p>The seal held through the whole of the spring, and Ann says that it will hold for longer.</p>"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (Transcripts, "~talk.txt", "[00:00:01] Ann: The seal held.\n[00:00:04] Bo: For how long?\n"),
        (Tweets, "~tweets.json", '[{"id": "1790000000000000001", "text": "The seal held.", "username": "ann"}]'),
        (
            WebPages,
            "~page.html",
            f"<html><body><h1>The seal</h1>{3 * PARAGRAPH}</body></html>",
        ),
    ],
)
def test_a_name_that_begins_with_a_tilde_is_read_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[FileSource], name: str, text: str
) -> None:
    """Where nobody is called so it is a file's name, and no one's home folder."""
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    (document,) = kind(name)
    assert isinstance(document, Document)
    assert "The seal held" in document.text


def test_a_zone_is_for_those_whose_times_may_name_none(tmp_path: Path) -> None:
    """The others in the folder are read as they are."""
    (tmp_path / "WhatsApp Chat with Ann.txt").write_text("01/05/2024, 18:30 - Ann: hello\n02/05/2024, 18:30 - Bo: hi\n")
    (tmp_path / "notes.md").write_text("# The seal\n\nIt held.\n")
    notes, chat = sorted(open_sources(tmp_path, timezone="Europe/Oslo"), key=lambda source: source.name)
    days = [item for item in chat if isinstance(item, Document)]
    assert [day.created_at.hour for day in days if day.created_at] == [16, 16]
    assert isinstance(next(iter(notes)), Document)
    with pytest.raises(ConfigurationError, match="Europe/Olso"):
        open_sources(tmp_path, timezone="Europe/Olso")
