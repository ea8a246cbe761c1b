"""Transcripts: what each format becomes, and what a source of transcripts promises."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.sources import Transcripts, open_source
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document, Segment

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))

STAMPED = """Ada Quill builds weather balloons out of old kites.
Links:
- https://example.org/ada
[00:00:00] Welcome to Kites at Noon. My guest is Ada Quill.
[00:00:07] Thank you, Ben.
And good morning.
[01:02:03] Goodbye: that was all.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name says nothing about dates."""
    (tmp_path / "show").mkdir()
    return tmp_path / "show"


def read(folder: Path, name: str, text: str | bytes, **options: object) -> Document:
    """Write one file and return its first document."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    first = next(iter(Transcripts(path, **options)))  # type: ignore[arg-type]
    assert isinstance(first, Document), first
    return first


def said(document: Document) -> list[tuple[str | None, float | None, float | None, str]]:
    """Return each segment as (author, start, end, text)."""
    return [(item.author, item.start, item.end, item.text) for item in document.segments]


class TestTranscriptsContract(SourceContract):
    """The shipped contract, over one file of each kind."""

    @pytest.fixture(autouse=True)
    def _files(self, folder: Path) -> None:
        self.folder = folder
        (folder / "stamped.txt").write_text(STAMPED)
        (folder / "turns.json").write_text('[{"speaker": "A", "text": "Hello."}, {"speaker": "B", "text": "Hi."}]')
        (folder / "zoom.vtt").write_text("WEBVTT\n\n1\n00:00:02.000 --> 00:00:03.000\nMia Ode: late\n")

    def make(self) -> Transcripts:
        """Return a source over the folder."""
        return Transcripts(self.folder)


def test_time_codes_with_a_preface(folder: Path) -> None:
    """Lines keep their second; a line without a code continues; the preface is a note of its own."""
    (folder / "noon.txt").write_text(STAMPED)
    episode, preface = list(Transcripts(folder / "noon.txt", participants=["Ada Quill", "Ben Ito"]))
    assert isinstance(episode, Document)
    assert isinstance(preface, Document)
    assert said(episode) == [
        (None, 0.0, 7.0, "Welcome to Kites at Noon. My guest is Ada Quill."),
        (None, 7.0, 3723.0, "Thank you, Ben. And good morning."),
        (None, 3723.0, None, "Goodbye: that was all."),
    ]
    assert (episode.id, episode.kind, episode.title) == ("noon", "speech", "noon")
    assert (preface.id, preface.kind, preface.title) == ("noon#preface", "note", "noon")
    assert preface.text.startswith("Ada Quill builds weather balloons")
    assert episode.metadata["participants"] == preface.metadata["participants"] == ["Ada Quill", "Ben Ito"]


def test_clock_that_starts_again_moves_no_words(folder: Path) -> None:
    """A second part whose clock is at zero again keeps its place and loses the times that run backwards."""
    rows = ["[00:00:10] one", "[00:00:20] two", "[00:00:30] three", "[00:00:00] four", "[00:00:40] five"]
    document = read(folder, "parts.txt", "\n".join(rows))
    assert [(item.text, item.start) for item in document.segments] == [
        ("one", 10.0), ("two", 20.0), ("three", 30.0), ("four", None), ("five", 40.0),
    ]  # fmt: skip


def test_whisper_command_line_text(folder: Path) -> None:
    """``[00:00:00.000 --> 00:00:04.500]`` gives both ends, to the millisecond."""
    document = read(folder, "cli.txt", "[00:00.000 --> 00:04.500]  Hello.\n[00:04.500 --> 00:06.000]  Bye.\n")
    assert said(document) == [(None, 0.0, 4.5, "Hello."), (None, 4.5, 6.0, "Bye.")]


def test_time_codes_then_names(folder: Path) -> None:
    """``[time] Name: text`` gives time and speaker."""
    rows = ["[00:00:01] Mia Ode: Hello.", "[00:00:04] Ben Ito: Hi: you made it.", "[00:00:09] Mia Ode: I did."]
    assert [(item.author, item.text) for item in read(folder, "both.txt", "\n".join(rows)).segments] == [
        ("Mia Ode", "Hello."), ("Ben Ito", "Hi: you made it."), ("Mia Ode", "I did."),
    ]  # fmt: skip


def test_speaker_labels(folder: Path) -> None:
    """``Speaker A:`` opens turns, later lines continue, and ``speakers=`` names the letter."""
    text = "Speaker A: Kites are cheap.\nReally cheap.\nSpeaker B: Note: not all.\nSpeaker A: Fair.\n"
    document = read(folder, "turns.txt", text, speakers={"A": "Ada Quill"})
    assert [(item.author, item.text) for item in document.segments] == [
        ("Ada Quill", "Kites are cheap. Really cheap."),
        ("Speaker B", "Note: not all."),
        ("Ada Quill", "Fair."),
    ]


@pytest.mark.parametrize(
    ("label", "names", "author"),
    [
        ("A", {}, "Speaker A"),
        (0, {}, "Speaker 0"),
        ("SPEAKER_00", {}, "Speaker 00"),
        ("SPEAKER_00", {"00": "Ada"}, "Ada"),
        ("A", {"Speaker A": "Ada"}, "Ada"),
        ("Ben", {}, "Ben"),
        ("UNK", {}, "Unknown speaker"),
    ],
)
def test_labels_are_made_readable(folder: Path, label: object, names: dict[str, str], author: str) -> None:
    """A bare letter or number becomes ``Speaker X``; a name stays; what is not known says so."""
    import json

    document = read(folder, "x.json", json.dumps([{"speaker": label, "text": "Hello."}]), speakers=names)
    assert document.segments[0].author == author


def test_name_with_time_in_brackets(folder: Path) -> None:
    """``Name (00:12:31):`` with the text beside or below it."""
    text = "Mia Ode (00:12:31): Are you there?\nBen Ito (00:12:40):\nYes.\nStill here.\n"
    assert said(read(folder, "rev.txt", text)) == [
        ("Mia Ode", 751.0, 760.0, "Are you there?"),
        ("Ben Ito", 760.0, None, "Yes. Still here."),
    ]


def test_otter_text_with_minutes_above_sixty(folder: Path) -> None:
    """``Name  67:32`` is 4,052 seconds, and Otter's own footer was not said by anybody."""
    text = "Mia Ode  55:21  \nIt flew away.\n\nUnknown Speaker  67:32\nWhere to?\n\nTranscribed by https://otter.ai\n"
    assert said(read(folder, "otter.txt", text)) == [
        ("Mia Ode", 3321.0, 4052.0, "It flew away."),
        ("Unknown Speaker", 4052.0, None, "Where to?"),
    ]


def test_zoom_chat_knows_replies_and_reactions(folder: Path) -> None:
    """A reply points at the message it quotes, a reaction is counted on it and is no message."""
    text = (
        "00:01:02\tMia Ode:\tIs the second balloon ready?\r\n"
        '00:01:09\tBen (crew):\tReplying to "Is the second bal..."\n\nAlmost\r\n'
        '00:01:10\tMia Ode:\tReacted to "Almost" with 👍\r\n'
    )
    document = read(folder, "chat.txt", text)
    question, answer = document.segments
    assert (document.kind, document.id) == ("conversation", "show/chat")
    assert question == Segment("Is the second balloon ready?", author="Mia Ode", start=62.0, id="00:01:02-1")
    assert (answer.text, answer.author, answer.reply_to) == ("Almost", "Ben (crew)", "00:01:02-1")
    assert answer.metadata == {"reactions": {"👍": 1}}


def test_published_comes_from_the_path_or_the_caller(folder: Path) -> None:
    """A date in the path is the time of publication, a given one wins, and the file's own time never counts."""
    text = "Speaker A: Hello.\nSpeaker B: Hi.\n"
    assert read(folder, "2026-02-05_174/talk.txt", text).created_at == datetime(2026, 2, 5, tzinfo=UTC)
    assert read(folder, "20260206.txt", text).created_at == datetime(2026, 2, 6, tzinfo=UTC)
    assert read(folder, "2026-02-30.txt", text).created_at is None
    assert read(folder, "2026-02-05.txt", text, published="2024-05-01").created_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert read(folder, "plain.txt", text, published=lambda path: None).created_at is None


def test_links_lead_to_the_second(folder: Path) -> None:
    """With ``url=`` each line links to its second: ``#t=`` in general, ``t=`` on YouTube."""
    for url, link in (
        ("https://example.org/noon.mp3", "https://example.org/noon.mp3#t=7"),
        ("https://example.org/noon.mp3?t=30#t=4", "https://example.org/noon.mp3?t=30#t=7"),
        ("https://www.youtube.com/watch?v=abc", "https://www.youtube.com/watch?v=abc&t=7s"),
        ("https://www.youtube.com/watch?t=1s&v=a%20c#t=4", "https://www.youtube.com/watch?v=a%20c&t=7s"),
        ("https://youtu.be/abc", "https://youtu.be/abc?t=7s"),
        ("https://youtu.be/abc?t=30&si=x", "https://youtu.be/abc?si=x&t=7s"),
        ("https://www.youtube.com/live/abc", "https://www.youtube.com/live/abc?t=7s"),
        ("https://m.youtube.com/shorts/abc?feature=share", "https://m.youtube.com/shorts/abc?feature=share&t=7s"),
    ):
        document = read(folder, "noon.txt", STAMPED, url=url)
        assert (document.url, document.segments[1].url) == (url, link)


def test_title_and_id_are_readable_and_stable(folder: Path) -> None:
    """The id is the path without suffix; the title is the file's name, or its folder's when that says nothing."""
    text = "Speaker A: Hello.\nSpeaker B: Hi.\n"
    (folder / "The_First_-_Ep._4.txt").write_text(text)
    (folder / "call_12").mkdir()
    (folder / "call_12" / "transcript.txt").write_text(text)
    documents = [item for item in Transcripts(folder) if isinstance(item, Document)]
    assert [(item.id, item.title) for item in documents] == [
        ("The_First_-_Ep._4", "The First - Ep. 4"),
        ("call_12/transcript", "call 12"),
    ]
    alone = Transcripts(folder / "call_12" / "transcript.txt")
    assert (alone.name, next(iter(alone)).id) == ("transcripts:call_12/transcript", "call_12/transcript")  # type: ignore[union-attr]


def test_twins_are_one_recording(folder: Path) -> None:
    """The same words as text and as subtitles are read once, with times; other words are kept apart."""
    (folder / "a.txt").write_text("Speaker A: Hello to all of you.\nSpeaker A: We begin.\n")
    cues = "1\n00:00:01,000 --> 00:00:02,000\nHello to all of you.\n\n2\n00:00:02,000 --> 00:00:03,000\nWe begin.\n"
    (folder / "a.srt").write_text(cues)
    (folder / "a.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nSomething else entirely\n")
    documents = [item for item in Transcripts(folder) if isinstance(item, Document)]
    assert [(item.id, item.segments[0].start) for item in documents] == [("a", 1.0), ("a.vtt", 1.0)]


def test_folder_passes_over_other_text_but_reports_bad_subtitles(folder: Path) -> None:
    """Notes and settings beside transcripts are no errors; a subtitle file without captions is one."""
    (folder / "notes.txt").write_text("Buy string.\nCall Ada.\n")
    (folder / "settings.json").write_text('{"segments": "none"}')
    (folder / "empty.vtt").write_text("WEBVTT\n")
    (folder / "good.txt").write_text(STAMPED)
    items = list(Transcripts(folder))
    assert [item.id for item in items if isinstance(item, Document)] == ["good", "good#preface"]
    assert [Path(item.record_id).name for item in items if isinstance(item, RecordError)] == ["empty.vtt"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00\x01\x02" * 400, b"{", b"[" * 100_000, b'{"segments": [{"start": 0, "text": null}]}',
        b'{"segments": [1, "x", null]}', b"<tt xmlns='http://www.w3.org/ns/ttml'><body>", b"WEBVTT",
        b'[{"speaker": {}, "text": 7, "start": 1}]', b"\xff\xfe\x00", b"plain words only",
    ],
)  # fmt: skip
def test_bad_files_give_typed_errors(folder: Path, data: bytes) -> None:
    """A file that cannot be read is one RecordError that names it, whatever is in it."""
    path = folder / "bad.json"
    path.write_bytes(data)
    (error,) = Transcripts(path)
    assert isinstance(error, RecordError)
    assert error.record_id == str(path)


def test_other_encodings(folder: Path) -> None:
    """UTF-16 with its mark and Windows-1252 are read as what they are."""
    text = "Speaker A: Café.\nSpeaker B: Naïve.\n"
    for data in (text.encode("utf-16"), text.encode("cp1252"), text.encode("utf-8-sig")):
        assert [item.text for item in read(folder, "enc.txt", data).segments] == ["Café.", "Naïve."]


@pytest.mark.parametrize(
    "text",
    [
        "Just a note.\nNothing else.\n",
        "[12:01] <mia> hello\n[12:02] <ben> hi\n[12:03] * mia waves\n",
        "Host: example.org\nAccept: text/html\nAge: 12\n",
        "12/05/2024, 10:11 - Mia: hello\n12/05/2024, 10:12 - Ben: hi\n",
        '{"messages": [{"id": 1, "text": "hi"}]}',
        '[{"id": "1", "text": "a tweet", "username": "mia"}]',
        '{"meeting_transcripts": [{"speaker": "A", "content": "x"}]}\n{"meeting_transcripts": []}\n',
    ],
)
def test_other_formats_are_left_alone(folder: Path, text: str) -> None:
    """Notes, chat logs, tweets and many records in one file are not taken for a transcript."""
    path = folder / "other.txt"
    path.write_text(text)
    assert not Transcripts.recognises(path, text.encode())


def test_open_source_finds_it(folder: Path) -> None:
    """A transcript is recognised by its content, a folder of them too."""
    (folder / "noon.txt").write_text(STAMPED)
    assert isinstance(open_source(folder / "noon.txt"), Transcripts)
    assert isinstance(open_source(folder), Transcripts)


def test_participants_must_be_a_list(folder: Path) -> None:
    """One name as a string would be taken letter by letter, so it is refused."""
    with pytest.raises(ConfigurationError, match=r"\['Ada', 'Ben'\]"):
        Transcripts(folder, participants="Ada")


@pytest.mark.real_data
@pytest.mark.skipif(not (DATA / "seed_podcast").is_dir(), reason="the data sets are not on this machine")
def test_real_transcripts() -> None:
    """Counts of the published sets: documents, segments, and the first and last line of the seed episode."""
    episode, preface = list(Transcripts(DATA / "seed_podcast"))
    assert isinstance(episode, Document)
    assert isinstance(preface, Document)
    assert len(episode.segments) == 447
    assert episode.segments[0].text.startswith("Hello everybody and welcome to the Crypto Hipster")
    assert episode.segments[-1].text == "Awesome. Thank you so much."[9:]
    for part, documents, segments in (("masa/podcasts", 60, 8302), ("ethereum_calls", 45, 12453)):
        items = [item for item in Transcripts(DATA / part) if isinstance(item, Document)]
        assert (len(items), sum(len(item.segments) for item in items)) == (documents, segments)
