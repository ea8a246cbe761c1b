"""WhatsApp exports: who said what and when, in the forms that phones write."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import documents, errors, said, segments, survives

from masa_rag import Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.errors import ConfigurationError
from masa_rag.sources._base import read_head
from masa_rag.sources.whatsapp import WhatsAppExport
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Segment

GOOD = (
    "13/05/2024, 18:30 - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
    '13/05/2024, 18:30 - Mara created group "Boat: June"\n'
    "13/05/2024, 18:31 - Mara: Who brings the ropes?\n"
    "13/05/2024, 18:31 - Dr. O'Neil: I do.\nTwo of them: long and short.\n"
    "13/05/2024, 18:32 - +49 170 1234567: <Media omitted>\n"
    "13/05/2024, 18:33 - +49 170 1234567: See you\n"
    "14/05/2024, 08:00 - Mara: ok\n"
    "14/05/2024, 08:00 - Mara: ok\n"
    "14/05/2024, 08:05 - Mara: This message was deleted\n"
)


def write(folder: Path, text: str, name: str = "WhatsApp Chat with Boat.txt") -> Path:
    """Write an export."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestContract(SourceContract):
    """The contract of sources."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, GOOD)

    def make(self) -> WhatsAppExport:
        """Two days of a chat."""
        return WhatsAppExport(self.path)


def test_one_document_a_day_with_its_messages(tmp_path: Path) -> None:
    """Notices, media without words and deleted messages are left out; lines that go on belong to their message."""
    first, second = documents(WhatsAppExport(write(tmp_path, GOOD)))
    assert (first.id, first.title, first.kind) == ("Boat/2024-05-13", "Boat", "conversation")
    assert [(item.author, item.text) for item in first.segments] == [
        ("Mara", "Who brings the ropes?"),
        ("Dr. O'Neil", "I do.\nTwo of them: long and short."),
        ("+49 170 1234567", "See you"),
    ]
    assert first.created_at == datetime(2024, 5, 13, 18, 31, tzinfo=UTC)
    assert [item.text for item in second.segments] == ["ok", "ok"]


def test_local_times_become_utc(tmp_path: Path) -> None:
    """18:31 in Berlin in May is 16:31 UTC; the zone must exist."""
    path = write(tmp_path, GOOD)
    assert segments(WhatsAppExport(path, timezone="Europe/Berlin"))[0].created_at == datetime(
        2024, 5, 13, 16, 31, tzinfo=UTC
    )
    with pytest.raises(ConfigurationError, match="Europe/Berlin"):
        WhatsAppExport(path, timezone="Berlin")


MAY_3 = datetime(2024, 5, 3, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "opening",
    [
        "03/05/24, 16:05 - ",
        "3/5/24, 16:05 - ",
        "03/05/2024 16:05 - ",
        "03/05/2024, 4:05 pm - ",
        "03/05/2024, 4:05\u202fpm - ",
        "3/5/2024, 4:05 p. m. - ",
        "3/5/2024, 4:05\u00a0p.\u00a0m. - ",
        "03.05.24, 16:05 - ",
        "03.05.2024, 16:05 - ",
        "3.5.2024 klo 16.05 - ",
        "03-05-2024 16:05 - ",
        "2024-05-03, 4:05 p.m. - ",
        "2024-05-03 16:05 - ",
        "2024/05/03, 16:05 - ",
        "2024. 5. 3. 오후 4:05 - ",
        "2024/5/3 下午4:05 - ",
        "2024年5月3日 下午4:05 - ",
        "2024/05/03 16:05 - ",
        "3.05.2024 г., 16:05 - ",
        "3.05.24 г., 16:05 ч. - ",
        "03/05/24, 16:05 น. - ",
        "۳/۵/۲۰۲۴،\u200f ۱۶:۰۵ - ",
        "03/05/2024 16 h 05 - ",
        "٠٣/٠٥/٢٠٢٤، ٤:٠٥ م - ",
        "\u200f٣\u200f/٥\u200f/٢٠٢٤, ٤:٠٥ م - ",
        "۲۰۲۴/۵/۳, ۱۶:۰۵ - ",
        "०३/०५/२०२४, १६:०५ - ",
        "3/5/2567 16:05 - ",
        "03/05/24, 4:05 μ.μ. - ",
        "03.05.24 ÖS 4:05 - ",
        "03/05/2024, 16:05 – ",
        "[03/05/2024, 16:05:00] ",
        "[03.05.24, 16:05:00] ",
        "[03/05/24 4:05:00 PM] ",
        "[2024-05-03, 4:05:00\u202fPM] ",
        "[2024/5/3 下午4:05:00] ",
        "[2024. 5. 3. 오후 4:05:00] ",
        "\u200e[03/05/2024, 16:05:00] ",
        "[3/5/24, 16.05.00] ",
        "16:05, 03/05/2024 - ",
        "[16:05:00, 3/5/24] ",
        "[4:05:00 CH, 3/5/2024] ",
        "۱۴۰۳/۲/۱۴،\u200f ۱۶:۰۵ - ",
        "[۱۴۰۳/۲/۱۴،\u200f ۱۶:۰۵:۰۰] ",
        "3.5.2024, 4:05 e pasdites - ",
    ],
)
def test_dates_of_many_locales(tmp_path: Path, opening: str) -> None:
    """The same minute, as phones of many countries write it."""
    path = write(tmp_path, f"{opening}Ann: hello\n{opening}Bo: hi: you\n")
    assert WhatsAppExport.recognises(path, read_head(path))
    found = segments(WhatsAppExport(path, day_first=True))
    assert [(item.author, item.text, item.created_at) for item in found] == [
        ("Ann", "hello", MAY_3),
        ("Bo", "hi: you", MAY_3),
    ]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2/13/24", "3/1/24"], (2, 13)),
        (["13/2/24", "3/1/24"], (2, 13)),
        (["1/2/24", "1/3/24", "2/1/24"], (1, 2)),
        (["1/2/24", "1/3/24", "2/3/24"], (2, 1)),
    ],
)
def test_the_order_of_day_and_month_comes_from_the_whole_file(
    tmp_path: Path, dates: list[str], expected: tuple[int, int]
) -> None:
    """A number above 12 decides, else the order in which time does not run backwards."""
    path = write(tmp_path, "".join(f"{date}, 10:00 - Ann: hello\n" for date in dates))
    first = min(segments(WhatsAppExport(path)), key=lambda item: (item.created_at is None, item.created_at))
    found = [item.created_at for item in segments(WhatsAppExport(path)) if item.created_at is not None]
    assert first.created_at in found
    assert expected in [(time.month, time.day) for time in found]


def test_am_and_pm_without_other_evidence_mean_month_first(tmp_path: Path) -> None:
    """The United States write both; noon and midnight are told apart."""
    path = write(tmp_path, "5/3/24, 12:05 AM - Ann: night\n5/3/24, 12:05 PM - Ann: noon\n")
    assert [item.created_at for item in segments(WhatsAppExport(path))] == [
        datetime(2024, 5, 3, 0, 5, tzinfo=UTC),
        datetime(2024, 5, 3, 12, 5, tzinfo=UTC),
    ]


def test_quoted_lines_of_another_shape_are_text(tmp_path: Path) -> None:
    """A pasted message of another locale, and dates without a time, do not open a message."""
    text = (
        "[13.05.24, 10:00:00] Ann: look:\n[1.2.2024, 09:00:00] Bo: pasted\n2/3/24: arrival\n"
        "[13.05.24, 10:01:00] Bo: ok\n"
    )
    assert list(said(WhatsAppExport(write(tmp_path, text)))) == [
        ("Ann", "look:\n[1.2.2024, 09:00:00] Bo: pasted\n2/3/24: arrival"),
        ("Bo", "ok"),
    ]


@pytest.mark.parametrize(
    ("message", "text", "metadata"),
    [
        ("right <This message was edited>", "right", {"edited": True}),
        ("right \u200e<Diese Nachricht wurde bearbeitet.>", "right", {"edited": True}),
        ("right <Diese Nachricht wurde bearbeitet.>", "right", {"edited": True}),
        ("right <Se editó este mensaje.>", "right", {"edited": True}),
        (
            "IMG-20240513-WA0001.jpg (file attached)\nthe harbour",
            "the harbour",
            {"attachments": ["IMG-20240513-WA0001.jpg"]},
        ),
        ("the harbour \u200e<attached: 00000012-PHOTO.jpg>", "the harbour", {"attachments": ["00000012-PHOTO.jpg"]}),
        ("plan.pdf • \u200e3 pages \u200edocument omitted", "plan.pdf • 3 pages", {}),
        ("hello @\u2068Ann B\u2069", "hello @Ann B", {}),
        ("\u200ePOLL:\nWhich day?\nOPTION: Friday (2 votes)", "Which day?\n- Friday", {"votes": {"Friday": 2}}),
        ("<b>not media</b>", "<b>not media</b>", {}),
        ("https://example.org/?a=1:2", "https://example.org/?a=1:2", {}),
    ],
)
def test_what_the_app_adds_is_taken_off(tmp_path: Path, message: str, text: str, metadata: dict[str, object]) -> None:
    """Markers and file names go to metadata; words stay."""
    (item,) = segments(WhatsAppExport(write(tmp_path, f"13/05/2024, 10:00 - Ann: {message}\n")))
    assert (item.text, dict(item.metadata)) == (text, metadata)


@pytest.mark.parametrize(
    "message",
    [
        "<Medien ausgeschlossen>", "<Multimedia omitido>", "<Médias omis>", "<Mídia oculta>", "<Media omessi>",
        "<Без медиафайлов>", "<省略多媒体文件>", "<メディアは含まれていません>", "\u200eimage omitted",
        "\u200eVideo weggelassen", "<View once voice message omitted>", "<Video note omitted>",
        "\u200e<attached: 0001-AUDIO.opus>", "IMG-20240513-WA0001.jpg (Datei angehängt)", "You deleted this message",
        "This message was deleted by admin Mara",
        "Diese Nachricht wurde gelöscht.", "\u200eمكالمة صوتية فائتة", "Se eliminó este mensaje", "",
        "\u200eMessages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can "
        "read them.",
    ],
)  # fmt: skip
def test_what_nobody_said_is_left_out(tmp_path: Path, message: str) -> None:
    """Media without words, deleted messages and notices, in several languages."""
    path = write(tmp_path, f"13/05/2024, 10:00 - Ann: {message}\n13/05/2024, 10:01 - Ann: here\n")
    assert list(said(WhatsAppExport(path))) == [("Ann", "here")]


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("Dr. O'Neil: hello", "Dr. O'Neil"),
        ("\u202a+44 7700 900123\u202c: hello", "+44 7700 900123"),
        ("~\u202fAnn: hello", "Ann"),
        ("Ann 🚣 (boat): hello", "Ann 🚣 (boat)"),
        ('Bo "Cap" Lind: hello', 'Bo "Cap" Lind'),
    ],
)
def test_senders(tmp_path: Path, line: str, sender: str) -> None:
    """Names with dots, apostrophes, numbers and marks."""
    assert list(said(WhatsAppExport(write(tmp_path, f"13/05/2024, 10:00 - {line}\n")))) == [(sender, "hello")]


def test_a_colon_in_a_name_is_found_by_repetition(tmp_path: Path) -> None:
    """ "Work: Ann" speaks three times and "Work" never; "Bo: note: x" once stays Bo's words."""
    lines = ["Work: Ann: one", "Work: Ann: two", "Work: Ann: three", "Bo: note: four"]
    path = write(tmp_path, "".join(f"13/05/2024, 10:0{i} - {line}\n" for i, line in enumerate(lines)))
    assert list(said(WhatsAppExport(path))) == [
        ("Work: Ann", "one"), ("Work: Ann", "two"), ("Work: Ann", "three"), ("Bo", "note: four"),
    ]  # fmt: skip


def test_notices_with_colons_have_no_sender(tmp_path: Path) -> None:
    """A new subject may hold a colon."""
    text = GOOD + '14/05/2024, 09:00 - Mara changed the subject from "Boat: June" to "Boat: July"\n'
    assert len(segments(WhatsAppExport(write(tmp_path, text)))) == 5


def test_overlapping_exports_have_the_same_ids(tmp_path: Path) -> None:
    """A later export that begins later gives its messages the ids they had; equal messages are told apart."""
    lines = GOOD.splitlines(keepends=True)
    whole = {item.id for item in segments(WhatsAppExport(write(tmp_path, GOOD)))}
    later = write(tmp_path, "".join(lines[5:]), "WhatsApp Chat with Boat (1).txt")
    part = [item.id for item in segments(WhatsAppExport(later))]
    assert len(whole) == 5
    assert set(part) < whole
    assert len(part) == 3


def test_a_later_download_is_of_the_same_source(tmp_path: Path) -> None:
    """A browser calls the next export "(1)": what the earlier one has is not stored again, what is new comes in."""
    first = write(tmp_path, GOOD, "WhatsApp Chat with Boat.txt")
    later = write(tmp_path, GOOD + "15/05/2024, 09:00 - Bo: all aboard\n", "WhatsApp Chat with Boat (1).txt")
    with Memory(tmp_path / "memory", embedder=HashingEmbedder()) as memory:
        memory.add(WhatsAppExport(first))
        report = memory.add(WhatsAppExport(later))
        (source,) = memory.info().sources
    assert (source.name, report.added, report.unchanged) == ("whatsapp:WhatsApp Chat with Boat", 1, 2)
    assert WhatsAppExport(later, name="crew (1)").name == "crew (1)"


def test_the_zip_of_the_app(tmp_path: Path) -> None:
    """The chat's name comes from the zip; media beside the text are not read; a slip is not unpacked."""
    path = tmp_path / "WhatsApp Chat - Boat.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_chat.txt", "[13.05.24, 10:00:00] Ann: hello\n[13.05.24, 10:01:00] Bo: hi\n")
        archive.writestr("00000001-PHOTO.jpg", b"\xff\xd8")
        archive.writestr("notes.txt", "nothing of interest")
    assert WhatsAppExport.recognises(path, read_head(path))
    (document,) = documents(WhatsAppExport(path))
    assert (document.id, document.title) == ("Boat/2024-05-13", "Boat")


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01 10:00:00,123 - INFO: started\n",
        "[2024-05-01 10:00:00] production.ERROR: failed\n",
        "2024-05-01 10:00:00 - INFO: started\n",
        "[2024-05-01 10:00:00] <ann> hello\n",
        "[00:12:31] Speaker A: hello\n",
        "Ann: hello\nBo: hi\n",
        '{"a": "13/05/2024, 18:30 - Ann: hello"}',
        "",
        "13/05/2024, 18:30 - nobody says anything\n",
    ],
)
def test_other_texts_are_not_recognised(tmp_path: Path, text: str) -> None:
    """Logs, transcripts, JSON and empty files belong to others."""
    path = write(tmp_path, text)
    assert not WhatsAppExport.recognises(path, read_head(path))


def test_bad_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """A torn beginning, a day that does not exist and bytes that are no UTF-8 are one error each."""
    path = tmp_path / "WhatsApp Chat with Boat.txt"
    path.write_bytes(
        b"of a torn message\n13/05/2024, 10:00 - Ann: hello\n31/02/2024, 10:00 - Ann: never\n"
        b"13/05/2024, 10:02 - Ann: caf\xe9\n13/05/2024, 10:03 - Bo: bye\n"
    )
    assert list(said(WhatsAppExport(path))) == [("Ann", "hello"), ("Bo", "bye")]
    assert [error.record_id.rpartition(":")[2] for error in errors(WhatsAppExport(path))] == ["1", "3", "4"]


def test_a_file_without_messages_is_an_error(tmp_path: Path) -> None:
    """It says what was expected."""
    (error,) = errors(WhatsAppExport(write(tmp_path, "nothing\n")))
    assert "expected lines such as" in str(error)


def test_utf_16(tmp_path: Path) -> None:
    """A file that went through a Windows editor."""
    path = tmp_path / "WhatsApp Chat with Boat.txt"
    path.write_text(GOOD, encoding="utf-16")
    assert len(segments(WhatsAppExport(path))) == 5


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """64 MiB of one message in a small zip: an error, not a full memory."""
    path = tmp_path / "WhatsApp Chat - Boat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", "[13.05.24, 10:00:00] Ann: hello\n" + "x" * (64 << 20))
    assert errors(WhatsAppExport(path))


def test_damaged_files(tmp_path: Path) -> None:
    """300 damaged files give documents and record errors only."""
    survives(WhatsAppExport, GOOD.encode(), tmp_path / "chat.txt", files=300)


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    """10,000 damaged files, and 1,000 damaged zips, within 256 MB."""
    survives(WhatsAppExport, GOOD.encode(), tmp_path / "chat.txt", files=10_000)
    with zipfile.ZipFile(tmp_path / "good.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", GOOD)
    survives(WhatsAppExport, (tmp_path / "good.zip").read_bytes(), tmp_path / "chat.zip", files=1_000)


def remembered(memory: Memory, day: int) -> list[Segment]:
    """Return what the memory holds of a day of the chat."""
    document = memory.document("boat", f"Boat/2024-05-{day}")
    assert document is not None
    return list(document.segments)


def test_overlapping_exports_in_a_memory(memory: Memory, tmp_path: Path) -> None:
    """Added: nothing twice, nothing lost, the edit wins. Synced: what was deleted since is gone."""
    lines = GOOD.splitlines(keepends=True)
    memory.add(WhatsAppExport(write(tmp_path, "".join(lines[:7])), name="boat"))
    late = write(tmp_path, "".join(lines[3:]), "WhatsApp Chat with Boat (1).txt")
    memory.add(WhatsAppExport(late, name="boat"))
    whole = segments(WhatsAppExport(write(tmp_path, GOOD)))
    kept = [*remembered(memory, 13), *remembered(memory, 14)]
    assert sorted(item.id or "" for item in kept) == sorted(item.id or "" for item in whole)
    changed = GOOD.replace("Mara: Who brings the ropes?", "Mara: Who brings ropes? <This message was edited>")
    path = write(tmp_path, changed.replace("See you", "This message was deleted"))
    memory.add(WhatsAppExport(path, name="boat"))
    assert "Who brings the ropes?" not in {item.text for item in remembered(memory, 13)}
    memory.add(WhatsAppExport(write(tmp_path, GOOD), name="boat"))
    assert "Who brings the ropes?" not in {item.text for item in remembered(memory, 13)}
    path = write(tmp_path, changed.replace("See you", "This message was deleted"))
    memory.sync(WhatsAppExport(path, name="boat"))
    texts = sorted(item.text for item in remembered(memory, 13))
    assert texts == ["I do.\nTwo of them: long and short.", "Who brings ropes?"]
