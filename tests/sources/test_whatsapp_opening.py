"""WhatsApp: which files are exports, what their chats are called, and the order of day and month."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from forum_helpers import documents, segments

from masa_rag.sources._base import read_head
from masa_rag.sources.whatsapp import WhatsAppExport

ENCRYPTED = "13/05/2024, 18:00 - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
JOINED = "".join(f"13/05/2024, 18:30 - Guest {number} joined using this group's invite link\n" for number in range(54))
SAID = "13/05/2024, 18:31 - Mara: Who brings the ropes?\n13/05/2024, 18:32 - Bo: I do.\n"
IPHONE = "[13.05.24, 10:00:00] Ann: hello\n[13.05.24, 10:01:00] Bo: hi\n"


def days(folder: Path, dates: list[str]) -> list[str]:
    """Return the days (ISO) of a chat whose messages open with these dates and times."""
    path = folder / "WhatsApp Chat with Boat.txt"
    path.write_text("".join(f"{date} - Ann: hello\n" for date in dates), encoding="utf-8")
    return [item.created_at.date().isoformat() for item in segments(WhatsAppExport(path)) if item.created_at]


@pytest.mark.parametrize(
    "dates",
    [
        ["05/04/25, 7:20 pm", "06/04/25, 9:05 am", "07/04/25, 10:00 am"],
        ["5/04/2025, 7:20 pm", "6/04/2025, 9:05 am", "7/04/2025, 10:00 am"],
        ["٠٥/٠٤/٢٠٢٥، ٧:٢٠ م", "٠٦/٠٤/٢٠٢٥، ٩:٠٥ ص", "٠٧/٠٤/٢٠٢٥، ١٠:٠٠ ص"],
        ["5/4/25, 7:20 pm", "6/4/25, 9:05 am", "7/4/25, 10:00 am"],
    ],
)
def test_a_zero_or_the_shorter_time_puts_the_day_first(tmp_path: Path, dates: list[str]) -> None:
    """Who writes month/day writes no zero before it; and a chat of three days is likelier than one of 61."""
    assert days(tmp_path, dates) == ["2025-04-05", "2025-04-06", "2025-04-07"]


def test_one_message_with_a_zero_is_enough(tmp_path: Path) -> None:
    """The United States would write "5/4/25"."""
    assert days(tmp_path, ["05/04/25, 7:20 pm"]) == ["2025-04-05"]


def test_the_shorter_time_puts_the_month_first(tmp_path: Path) -> None:
    """4 to 6 May, not the 5th of April, May and June, whatever the clock; points still mean day first."""
    assert days(tmp_path, ["5/4/25, 7:20 PM", "5/5/25, 9:05 AM", "5/6/25, 9:05 AM"])[-1] == "2025-05-06"
    assert days(tmp_path, ["5/4/25, 19:20", "5/5/25, 09:05", "5/6/25, 09:05"])[-1] == "2025-05-06"
    assert days(tmp_path, ["5.4.25, 19:20", "5.5.25, 09:05", "5.6.25, 09:05"])[-1] == "2025-06-05"


def test_the_shorter_time_is_stronger_than_a_zero(tmp_path: Path) -> None:
    """Eleven days in a row, not the 5th of eleven months: some phones write zeros before the month too."""
    assert days(tmp_path, [f"05/{day:02d}/24, 1:01 PM" for day in range(1, 12)])[-1] == "2024-05-11"


def test_a_slightly_shorter_time_says_nothing(tmp_path: Path) -> None:
    """35 days against 123 may be chance: "AM" and "PM" decide, and mean the United States."""
    assert days(tmp_path, ["3/1/25, 7:20 PM", "7/2/25, 9:05 AM"]) == ["2025-03-01", "2025-07-02"]


def test_a_number_above_12_is_stronger_than_a_zero(tmp_path: Path) -> None:
    """The 17th month does not exist."""
    assert days(tmp_path, ["09/05/24, 7:20 PM", "09/17/24, 7:20 PM"]) == ["2024-09-05", "2024-09-17"]


def recognised(folder: Path, text: str, name: str = "notes.txt") -> bool:
    """Say whether a file of this name is taken for an export."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return WhatsAppExport.recognises(path, read_head(path))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (ENCRYPTED + JOINED + SAID, "notes.txt"),
        (JOINED + SAID, "WhatsApp Chat with Boat.txt"),
        (ENCRYPTED, "notes.txt"),
        (ENCRYPTED + JOINED, "notes.txt"),
        (JOINED * 30 + SAID, "WhatsApp Chat with Boat.txt"),
        (JOINED, "Chat de WhatsApp con Boat (1).txt"),
        (JOINED, "_chat.txt"),
    ],
)
def test_a_chat_may_open_with_many_notices(tmp_path: Path, text: str, name: str) -> None:
    """The encryption notice or the file's name says that it is WhatsApp."""
    assert recognised(tmp_path, text, name)


@pytest.mark.parametrize(
    "text",
    [
        JOINED,
        JOINED + SAID,
        "[2024-05-01 10:00:00] Starting a step of the migration\n" * 60
        + "[2024-05-01 10:00:01] worker-1: finished a job\n" * 100,
        "2024-05-01 10:00:00 - copied one file\n" * 60,
        "2024-05-01 10:00:00 - copied one file\n" * 60 + "2024-05-01 10:00:01 - Copied: 60 files\n",
        "2024-05-01 10:00:00 - copied one file\n" * 60 + "2024-05-01 10:00:01 - INFO: done\n" * 20,
        ("2024-05-01 10:00:00 - copied one file\n" * 60 + "2024-05-01 10:00:01 - Copied: 60 files\n") * 5,
        "[2024-05-01 10:00:00] end-to-end encryption is switched on\n" * 60,
        "[2024-05-01 10:00:00] worker.ERROR: messages are not end-to-end encrypted\n",
    ],
)
def test_other_logs_with_dates_are_not_recognised(tmp_path: Path, text: str) -> None:
    """Dates alone, words with a colon after many lines without, and levels are a log's."""
    assert not recognised(tmp_path, text)


def test_a_zip_may_open_with_many_notices(tmp_path: Path) -> None:
    """300 people joined: the first message stands 20,000 bytes into the text."""
    path = tmp_path / "boat.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("WhatsApp Chat with Boat.txt", JOINED * 6 + SAID)
    assert WhatsAppExport.recognises(path, read_head(path))
    assert [item.text for item in segments(WhatsAppExport(path))] == ["Who brings the ropes?", "I do."]


def unpacked(folder: Path, *names: str) -> Path:
    """Write an iPhone's text into each of these folders."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "_chat.txt").write_text(IPHONE, encoding="utf-8")
    return folder


def test_unpacked_chats_are_named_after_their_folders(tmp_path: Path) -> None:
    """Two people's chats stay two; what the app puts before the name is no part of it."""
    folder = unpacked(tmp_path, "ann", "bob (1)", "WhatsApp Chat - Cleo")
    found = [(document.id, document.title) for document in documents(WhatsAppExport(folder))]
    assert found == [("Cleo/2024-05-13", "Cleo"), ("ann/2024-05-13", "ann"), ("bob/2024-05-13", "bob")]


@pytest.mark.parametrize("given", ["_chat.txt", "./_chat.txt", "../ann/_chat.txt", "inner/../_chat.txt"])
def test_a_chat_is_named_alike_however_its_path_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Never after "." or "..": the folder that is meant has a name."""
    unpacked(tmp_path, "ann", "ann/inner")
    monkeypatch.chdir(tmp_path / "ann")
    (document,) = documents(WhatsAppExport(given))
    assert document.title == "ann"


@pytest.mark.parametrize("name", ["tmp", "temp", "tmpk3x_9a0b", "tmp.Xk29dLq0Zs"])
def test_a_temporary_folder_names_no_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Its name would be another one at the next export."""
    monkeypatch.chdir(unpacked(tmp_path, name) / name)
    (document,) = documents(WhatsAppExport("_chat.txt"))
    assert document.title == "_chat"


def test_a_zip_with_texts_that_were_sent(tmp_path: Path) -> None:
    """The app numbers them, so that they lie before the chat's own text."""
    path = tmp_path / "WhatsApp Chat - Boat.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            archive.writestr(f"{number:08}-list.txt", "rope\ntar\n")
        archive.writestr("_chat.txt", "[18/05/2025, 07:20:11] Nora: The seal held.\n")
    assert WhatsAppExport.recognises(path, path.read_bytes())
    assert [item.text for item in documents(WhatsAppExport(path))] == ["Nora: The seal held."]


def test_folders_in_a_zip_name_their_chats(tmp_path: Path) -> None:
    """Unpacked chats that were packed together again; a text that lies in no folder has the zip's name."""
    path = tmp_path / "exports.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("_chat.txt", "ann/_chat.txt", "WhatsApp Chat - Bob/_chat.txt"):
            archive.writestr(name, IPHONE)
    assert sorted(document.title or "" for document in documents(WhatsAppExport(path))) == ["Bob", "ann", "exports"]
