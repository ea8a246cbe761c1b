"""WhatsApp: what the app writes is left out, what a person may have written never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from forum_helpers import said, segments

from masa_rag.sources.whatsapp import WhatsAppExport
from masa_rag.types import Segment

PHOTO = "IMG-20250518-WA0001.jpg"


def export(folder: Path, *messages: str) -> WhatsAppExport:
    """Return a chat in which Ann says each message, a minute apart."""
    path = folder / "WhatsApp Chat with Boat.txt"
    lines = [f"18/05/2025, 10:{minute:02} - Ann: {text}\n" for minute, text in enumerate(messages)]
    path.write_text("".join(lines), encoding="utf-8")
    return WhatsAppExport(path)


def only(folder: Path, message: str) -> Segment:
    """Return the segment of a chat of one message."""
    (item,) = segments(export(folder, message))
    return item


@pytest.mark.parametrize(
    "message",
    [
        "The price is 12.50 (without tax)",
        "Read masa.ai (the white paper)",
        "See you 18.05.2025 (Sunday)",
        "We meet at 12.30 (usual place)",
        "See budget.xlsx (second tab)",
        "The rent is 1.200 (warm, per month)",
        "The rent is 1.200 (file attached)",
        "See budget.xlsx (second tab)\nand tell me",
        "See <my tip: masa.ai>",
    ],
)
def test_words_in_parentheses_are_words(tmp_path: Path, message: str) -> None:
    """A dot and a parenthesis at the end are no attachment."""
    item = only(tmp_path, message)
    assert (item.text, dict(item.metadata)) == (message, {})


@pytest.mark.parametrize(
    ("note", "name"),
    [
        (f"{PHOTO} (words that nobody knows)", PHOTO),
        ("\u200eplan of the boat.pdf (words that nobody knows)", "plan of the boat.pdf"),
        ("plan of the boat.pdf (file attached)", "plan of the boat.pdf"),
        ("plan.pdf (Datei angehängt)", "plan.pdf"),
        ("plan.pdf (archivo adjunto)", "plan.pdf"),
        ("plan.pdf (fichier joint)", "plan.pdf"),
        ("plan.pdf (arquivo anexado)", "plan.pdf"),
        ("plan.pdf (file allegato)", "plan.pdf"),
        ("plan.pdf (bestand bijgevoegd)", "plan.pdf"),
        ("plan.pdf (файл добавлен)", "plan.pdf"),
        ("plan.pdf (文件附件)", "plan.pdf"),
        ("voice.mp3 (file attached)", "voice.mp3"),
        ("<attached: plan.pdf>", "plan.pdf"),
        ("<bifogat: 00000012-PHOTO-2025-05-18.jpg>", "00000012-PHOTO-2025-05-18.jpg"),
    ],
)
def test_notes_of_files_are_taken_off(tmp_path: Path, note: str, name: str) -> None:
    """After the app's mark, with a name that the app gives, or in words that it is known to use."""
    item = only(tmp_path, f"{note}\nas promised")
    assert (item.text, dict(item.metadata)) == ("as promised", {"attachments": [name]})


def test_unknown_words_are_learned_from_media(tmp_path: Path) -> None:
    """What follows a photo's name in this file follows the names of documents too; other words do not."""
    chat = export(
        tmp_path,
        "plan.pdf (sendita dosiero)",
        f"{PHOTO} (sendita dosiero)",
        f"{PHOTO} (sendita dosiero)",
        f"{PHOTO} (second tab)",
        "budget.xlsx (second tab)",
        "12.30 (sendita dosiero)",
    )
    assert list(said(chat)) == [("Ann", "budget.xlsx (second tab)"), ("Ann", "12.30 (sendita dosiero)")]


@pytest.mark.parametrize(
    "notice",
    [
        "Ann turned on disappearing messages. New messages will disappear from this chat 24 hours after they're sent, "
        "except when kept.",
        "You updated the message timer. New messages will disappear from this chat 90 days after they're sent, except "
        "when kept.",
        "Ann uses a default timer for disappearing messages in new chats. New messages will disappear from this chat "
        "7 days after they’re sent, except when kept.",
        "Dr. Ann Lind changed their phone number to a new number. \u200eTap to message or add the new number.",
        "Ann hat selbstlöschende Nachrichten aktiviert. Neue Nachrichten verschwinden 24 Stunden, nachdem sie gesendet "
        "wurden, aus diesem Chat.",
        "Activaste los mensajes temporales. Los mensajes nuevos desaparecerán de este chat después de 7 días de haber "
        "sido enviados.",
        "Ann ativou as mensagens temporárias. Todas as novas mensagens desaparecerão desta conversa 24 horas após o "
        "envio.",
        "Ann a activé les messages éphémères. Les nouveaux messages disparaîtront de cette discussion 24 heures après.",
    ],
)
def test_long_notices_of_the_app_are_left_out(tmp_path: Path, notice: str) -> None:
    """iPhones give them a sender and put U+200E before them."""
    assert len(notice) > 80
    assert list(said(export(tmp_path, f"\u200e{notice}", "here"))) == [("Ann", "here")]


@pytest.mark.parametrize(
    "message",
    [
        "Ann turned on disappearing messages. New messages will disappear from this chat 24 hours after they're sent.",
        "\u200eWho of you turned on disappearing messages in the boat's group, and could you please turn them off?",
        "\u200eAnn turned on disappearing messages.\nDid you see that? I would rather keep what we write.",
    ],
)
def test_what_is_said_about_a_notice_stays(tmp_path: Path, message: str) -> None:
    """Without the app's mark, in another wording, or with more lines, somebody may have written it."""
    assert only(tmp_path, message).text == message.removeprefix("\u200e")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("<Media omitted>\nthe harbour\nat night", "the harbour\nat night"),
        ("<Medien ausgeschlossen>\nder Hafen", "der Hafen"),
        ("\u200eimage omitted\nthe harbour", "the harbour"),
        ("Media omitted\nsays my phone", "Media omitted\nsays my phone"),
        ("image omitted\nsays my phone", "image omitted\nsays my phone"),
        ("it says <Media omitted>\nagain", "it says <Media omitted>\nagain"),
    ],
)
def test_a_caption_stands_without_its_placeholder(tmp_path: Path, message: str, text: str) -> None:
    """The first line goes where the app wrote it; the words under it stay."""
    assert only(tmp_path, message).text == text


@pytest.mark.parametrize(
    ("opening", "option"),
    [
        ("POLL:", "OPTION: {} ({} votes)"), ("\u200ePOLL:", "\u200eOPTION: {} (\u200e{} votes)"),
        ("UMFRAGE:", "OPTION: {} ({} Stimmen)"), ("SONDAGE :", "OPTION : {} ({} votes)"),
        ("投票:", "选项: {} ({}票)"),
    ],
)  # fmt: skip
def test_a_poll_is_one_message_whatever_its_votes(tmp_path: Path, opening: str, option: str) -> None:
    """Its question and choices are its words; the votes, which change from export to export, are told beside them."""
    found = []
    for first, second in ((1, 0), (3, 2)):
        lines = [opening, "Which day?", option.format("Sat (early)", first), option.format("Sun", second)]
        path = tmp_path / f"{first}" / "WhatsApp Chat with Boat.txt"
        path.parent.mkdir()
        path.write_text("13/05/2024, 18:30 - Mara: " + "\n".join(lines) + "\n13/05/2024, 18:31 - Bo: ok\n")
        found.append(segments(WhatsAppExport(path))[0])
    assert [item.text for item in found] == ["Which day?\n- Sat (early)\n- Sun"] * 2
    assert [item.metadata["votes"] for item in found] == [{"Sat (early)": 1, "Sun": 0}, {"Sat (early)": 3, "Sun": 2}]
    assert found[0].id == found[1].id


@pytest.mark.parametrize(
    "notice",
    [
        "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them.",
        "I messaggi e le chiamate sono crittografati end-to-end. Solo le persone in questa chat possono leggerli.",
        "Wiadomości i połączenia są w pełni szyfrowane. Tylko uczestnicy tego czatu mogą je odczytać i udostępniać.",
        "Meldinger og samtaler er ende-til-ende-kryptert. Bare personer i denne chatten kan lese og dele dem, ikke vi.",
        "Pesan dan panggilan terenkripsi secara end-to-end. Hanya orang di obrolan ini yang dapat membacanya.",
        "Tin nhắn và cuộc gọi được mã hóa đầu cuối. Chỉ những người tham gia đoạn chat này mới có thể đọc, nghe.",
        "Viestit ja puhelut ovat täysin salattuja. Vain tähän keskusteluun osallistuvat voivat lukea niitä.",
    ],
)
def test_an_iphone_says_in_any_language_that_messages_are_encrypted(tmp_path: Path, notice: str) -> None:
    """The notice stands there as if the chat had said it; without the app's mark somebody has."""
    path = tmp_path / "_chat.txt"
    lines = [f"Boat: \u200e{notice}", "Mara: \u200e<attached: encryption.pdf>", f"Mara: {notice}"]
    path.write_text("".join(f"[13/05/2024, 18:30:0{second}] {line}\n" for second, line in enumerate(lines)))
    assert list(said(WhatsAppExport(path))) == [("Mara", notice)]
