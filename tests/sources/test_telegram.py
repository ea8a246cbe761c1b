"""Telegram exports: Telegram Desktop's JSON and pages, Masa's answers, gotd's messages."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents
from forum_helpers import sound_segments as segments

from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.protocols import Source
from masa_rag.sources import TelegramExport
from masa_rag.sources._base import read_head
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

PAGE = Path(__file__).parent / "data_chat" / "messages.html"
NINE = 1714554000
"""2024-05-01 09:00:00 UTC in Unix seconds."""


def said(number: int, text: Any, **more: Any) -> dict[str, Any]:
    """Message of that number, said by Nora so many minutes after nine."""
    return {
        "id": number,
        "type": "message",
        "date": f"2024-05-01T11:{number:02d}:00",
        "date_unixtime": str(NINE + 60 * number),
        "from": "Nora",
        "from_id": "user1",
        "text": text,
    } | more


def chat(messages: list[Any], **about: Any) -> dict[str, Any]:
    """One chat as Telegram Desktop writes it."""
    return {"name": "Harbour crew", "type": "private_supergroup", "id": 77} | about | {"messages": messages}


def write(folder: Path, value: Any, name: str = "result.json") -> Path:
    """Write JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def recognised(path: Path) -> TelegramExport:
    """The source, after it has said by the content that the file is its own."""
    assert TelegramExport.recognises(path, read_head(path))
    return TelegramExport(path)


class TestDesktop(SourceContract):
    """Telegram Desktop's JSON keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, chat([said(2, "b"), said(1, "a"), said(3, ""), said(1, "a")]))

    def make(self) -> Source:
        """Return a fresh source."""
        return TelegramExport(self.path)


def test_one_chat(tmp_path: Path) -> None:
    """Chat and day make the id; Unix seconds win over the local date; messages are linked."""
    (document,) = documents(recognised(write(tmp_path, chat([said(0, "hello")]))))
    assert document.id == "77/2024-05-01"
    assert document.title == "Harbour crew"
    assert document.kind == "conversation"
    assert document.metadata == {"platform": "telegram", "chat_type": "private_supergroup", "chat_id": "77"}
    (segment,) = document.segments
    assert segment.created_at == datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
    assert (segment.id, segment.author, segment.url) == ("0", "Nora", "https://t.me/c/77/0")


def test_whole_account(tmp_path: Path) -> None:
    """Every chat of ``chats`` and ``left_chats`` is read; saved messages have a title though no name."""
    saved = {"type": "saved_messages", "id": 1, "messages": [said(1, "note to self")]}
    value = {
        "about": "Here is the data",
        "personal_information": {"user_id": 1, "first_name": "Nora", "phone_number": "+00 0000"},
        "chats": {"about": "", "list": [chat([said(1, "x")]), saved]},
        "left_chats": {"about": "", "list": [chat([said(1, "y")], id=78, name="Old crew")]},
    }
    found = {item.id: item.title for item in documents(recognised(write(tmp_path, value)))}
    assert found == {"77/2024-05-01": "Harbour crew", "1/2024-05-01": "Saved messages", "78/2024-05-01": "Old crew"}


def test_text_of_pieces_keeps_every_word_and_link(tmp_path: Path) -> None:
    """A text with bold words, mentions and links comes as a list; a hidden address follows its words."""
    text = [
        "see ",
        {"type": "bold", "text": "the"},
        " ",
        {"type": "text_link", "text": "table", "href": "https://tides.example/may"},
        " and ",
        {"type": "link", "text": "https://harbour.example"},
        " ",
        {"type": "mention_name", "text": "Ivo", "user_id": 2},
    ]
    (segment,) = segments(TelegramExport(write(tmp_path, chat([said(1, text)]))))
    assert segment.text == "see the table (https://tides.example/may) and https://harbour.example Ivo"


def test_zoneless_dates(tmp_path: Path) -> None:
    """Without Unix seconds the date is in the zone of the person who exported it."""
    row = said(1, "x")
    del row["date_unixtime"]
    path = write(tmp_path, chat([row]))
    (berlin,) = segments(TelegramExport(path, timezone="Europe/Berlin"))
    (utc,) = segments(TelegramExport(path))
    assert berlin.created_at == datetime(2024, 5, 1, 9, 1, tzinfo=UTC)
    assert utc.created_at == datetime(2024, 5, 1, 11, 1, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="Europe/Berlin"):
        TelegramExport(path, timezone="Mars/Base")


def test_what_surrounds_a_message(tmp_path: Path) -> None:
    """Edits, replies, forwards, reactions and deleted accounts are kept; replies elsewhere are not mistaken."""
    rows = [
        said(1, "a", edited_unixtime=str(NINE + 600), **{"from": None}),
        said(2, "b", reply_to_message_id=1, forwarded_from="Coast radio", via_bot="@gif", author="Harbour master"),
        said(3, "c", reply_to_message_id=1, reply_to_peer_id="channel99", forwarded_from=None),
        said(4, "d", reactions=[{"type": "emoji", "count": 2, "emoji": "🔥"}, {"type": "paid", "count": 3}]),
        said(5, "e", reply_to_message_id=4, reply_to_peer_id="channel77"),
    ]
    first, second, third, fourth, fifth = segments(TelegramExport(write(tmp_path, chat(rows))))
    assert (first.author, first.edited_at) == ("Deleted account", datetime(2024, 5, 1, 9, 10, tzinfo=UTC))
    assert second.reply_to == "1"
    assert second.metadata["forwarded_from"] == "Coast radio"
    assert (second.metadata["via_bot"], second.metadata["signature"]) == ("@gif", "Harbour master")
    assert (third.reply_to, third.metadata["reply_to_elsewhere"]) == (None, "channel99/1")
    assert third.metadata["forwarded_from"] == "Deleted account"
    assert fourth.metadata["reactions"] == {"🔥": 2, "paid": 3}
    assert fifth.reply_to == "4"


def test_polls_lists_and_places_have_words(tmp_path: Path) -> None:
    """A poll's question and answers are text, its votes are metadata; service messages are left out."""
    poll = {"question": "Who sails?", "answers": [{"text": "Nora", "voters": 2}, {"text": "Ivo", "voters": "0"}]}
    rows = [
        said(1, "", poll=poll),
        said(2, "", place_name="Pier 4", address="Dock Road"),
        said(3, "", todo_list={"title": "Before noon", "answers": [{"text": "fuel"}]}),
        said(4, "", media_type="sticker", file_name="x.webp"),
        {"id": 5, "type": "service", "date": "2024-05-01T11:05:00", "action": "pin_message", "text": ""},
        {"id": 6, "type": "unsupported"},
    ]
    first, second, third = segments(TelegramExport(write(tmp_path, chat(rows))))
    assert first.text == "Who sails?\n- Nora\n- Ivo"
    assert first.metadata["votes"] == {"Nora": 2, "Ivo": 0}
    assert second.text == "Pier 4, Dock Road"
    assert third.text == "Before noon\n- fuel"


def test_polls_with_links_keep_their_words(tmp_path: Path) -> None:
    """Where a part of a question or an answer is a link or an emoji of its own, the export has a list of pieces."""
    link, boat = {"type": "link", "text": "tides.example"}, {"type": "custom_emoji", "text": "⛵", "document_id": "1"}
    todo = {"title": ["Before ", {"type": "bold", "text": "noon"}], "answers": [{"text": ["see ", link, " first"]}]}
    poll = {"question": ["Who sails? ", boat], "answers": [{"text": ["Nora ", boat], "voters": 2}]}
    rows = [said(1, "", todo_list=todo), said(2, "", poll=poll)]
    first, second = segments(TelegramExport(write(tmp_path, chat(rows))))
    assert first.text == "Before noon\n- see tides.example first"
    assert (second.text, second.metadata["votes"]) == ("Who sails? ⛵\n- Nora ⛵", {"Nora ⛵": 2})


def test_topics_are_rooms_of_their_own(tmp_path: Path) -> None:
    """What answers a topic's first message, and what answers that, is the topic's; the rest is the chat's."""
    rows = [
        {"id": 1, "type": "service", "date": "2024-05-01T11:00:00", "action": "topic_created", "title": "Engines"},
        said(2, "pistons", reply_to_message_id=1),
        said(3, "and rings", reply_to_message_id=2),
        said(4, "elsewhere"),
        said(5, "still elsewhere", reply_to_message_id=4),
    ]
    found = {item.id: item for item in documents(TelegramExport(write(tmp_path, chat(rows))))}
    assert set(found) == {"77/topic/1/2024-05-01", "77/2024-05-01"}
    assert found["77/topic/1/2024-05-01"].title == "Harbour crew > Engines"
    assert [item.text for item in found["77/topic/1/2024-05-01"].segments] == ["pistons", "and rings"]


def test_control_characters_as_telegram_writes_them(tmp_path: Path) -> None:
    r"""Telegram Desktop writes ``\x0b`` for a control character, which is no JSON; it is read all the same."""
    path = write(tmp_path, chat([said(1, "bell MARK"), said(2, r"C:\x41"), said(3, "after")]))
    path.write_text(path.read_text().replace("MARK", r"\x0b end \x1f"))
    assert [item.text for item in segments(TelegramExport(path))] == ["bell \x0b end", r"C:\x41", "after"]


def test_masa_documentation_shape(tmp_path: Path) -> None:
    """Masa's answers name the sender twice; the name to read is the author."""
    value = [
        {
            "messages": [
                {
                    "message_id": 9,
                    "sender": {"username": "nora_k", "name": "Nora"},
                    "content": "hello",
                    "timestamp": "2024-05-01T09:00:00Z",
                }
            ]
        }
    ]
    for number, shape in enumerate((value, {"data": value}, value[0])):
        (document,) = documents(recognised(write(tmp_path, shape, f"{number}/harbour.json")))
        assert document.id == "harbour/2024-05-01"
        (segment,) = document.segments
        assert (segment.id, segment.author, segment.metadata) == ("9", "Nora", {"handle": "nora_k"})


def test_gotd_shape(tmp_path: Path) -> None:
    """gotd's messages have no names, offsets in UTF-16 units, and a zero where nothing is answered."""
    row = {
        "ID": 9,
        "PeerID": {"ChannelID": 77},
        "FromID": {"UserID": 5},
        "Date": NINE,
        "EditDate": NINE + 60,
        "Message": "🌊 table",
        "ReplyTo": {"ReplyToMsgID": 8},
        "Entities": [
            {"Offset": 3, "Length": 5, "URL": "https://tides.example"},
            {"Offset": 90, "Length": 5, "URL": "x"},
        ],
        "Reactions": {"Results": [{"Reaction": {"Emoticon": "👍"}, "Count": 2}]},
    }
    (document,) = documents(recognised(write(tmp_path, {"data": [row]})))
    assert document.id == "77/2024-05-01"
    (segment,) = document.segments
    assert segment.text == "🌊 table (https://tides.example)"
    assert (segment.author, segment.reply_to) == ("user5", "8")
    assert segment.edited_at == datetime(2024, 5, 1, 9, 1, tzinfo=UTC)
    assert segment.metadata == {"author_id": "user5", "reactions": {"👍": 2}}


class TestPages(SourceContract):
    """The pages keep the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return recognised(PAGE)


def test_page() -> None:
    """Joined messages inherit the author, times their offset; forwards, replies and polls are read."""
    found = {item.id: item for item in documents(TelegramExport(PAGE, timezone="Europe/Berlin"))}
    assert set(found) == {"Harbour crew/2024-05-01", "Harbour crew/2024-05-02"}
    table, fog = found["Harbour crew/2024-05-01"].segments
    thanks, poll = found["Harbour crew/2024-05-02"].segments
    assert table.text == "The tide table is here (https://tides.example/may),\nsee also https://harbour.example/ & more"
    assert table.created_at == datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
    assert table.metadata == {"reactions": {"👍": 5, "🔥": 2}}
    assert (fog.author, fog.text, fog.metadata) == ("Nora", "Fog tomorrow.", {"forwarded_from": "Coast radio"})
    assert (thanks.author, thanks.reply_to) == ("Ivo", "4")
    assert thanks.created_at == datetime(2024, 5, 2, 7, 30, 15, tzinfo=UTC)
    assert poll.text == "Who sails?\n- Nora\n- Ivo"


def test_code_on_a_page_keeps_its_indentation(tmp_path: Path) -> None:
    """As it does in JSON; other white space of a page means nothing."""
    path = page(tmp_path, "Crew", "so:  <pre>if low:<br>    wait()<br></pre>  then   go")
    assert [item.text for item in segments(TelegramExport(path))] == ["so:\nif low:\n    wait()\n\nthen go"]


def test_forwards_in_a_row_on_a_page(tmp_path: Path) -> None:
    """The page names whose words they are at the first one only; the next message is its author's own again."""
    path = page(tmp_path, "Crew", "fog ahead", "wind rises", "thanks")
    html = path.read_text()
    head = '<div class="from_name">Coast via @radio <span>30.04.2024</span></div>'
    for text, name in (("fog ahead", head), ("wind rises", "")):
        words = f'<div class="text">{text}</div>'
        html = html.replace(words, f'<div class="forwarded body">{name}{words}</div>')
    path.write_text(html)
    found = segments(TelegramExport(path))
    assert [(item.author, item.metadata.get("forwarded_from")) for item in found] == [
        ("Nora", "Coast"), ("Nora", "Coast"), ("Nora", None),
    ]  # fmt: skip


def test_a_name_on_a_page_is_no_link(tmp_path: Path) -> None:
    """As in JSON, "@nora" is all that was said; the page leads from it to her."""
    words = 'ask <a href="https://t.me/nora">@nora</a> or <a href="https://boats.example/">@</a>'
    path = page(tmp_path, "Crew", words)
    assert [item.text for item in segments(TelegramExport(path))] == ["ask @nora or @ (https://boats.example/)"]


def test_what_is_quoted_is_marked(tmp_path: Path) -> None:
    """On pages and in JSON: quoted words are not the author's own."""
    quote = {"type": "blockquote", "text": "We sail\nin May.", "collapsed": False}
    json_path = write(tmp_path / "json", chat([said(1, ["", quote, "\nWe ", {"type": "bold", "text": "do"}])]))
    page_path = page(tmp_path, "Crew", "<blockquote>We sail<br>in <b>May</b>.</blockquote>We <b>do</b>")
    for path in (json_path, page_path):
        assert [item.text for item in documents(TelegramExport(path))] == ["Nora: > We sail\n> in May.\nWe do"]


def test_cards_of_people_and_places(tmp_path: Path) -> None:
    """Who sends a card says whom or what it names, in JSON and on a page; a text beside it stands alone."""
    ola = {"first_name": "Ola", "last_name": "Berg", "phone_number": "+47 41 00 00 00"}
    rows = [said(1, "", contact_information=ola), said(2, "", place_name="Pier 4", address="Dock Road")]
    rows.append(said(3, "the pilot", contact_information=ola))
    json_path = write(tmp_path / "json", chat(rows))
    person = '<div class="media media_contact"><div class="body"><div class="title bold">Ola Berg</div>'
    place = '<div class="media media_venue"><div class="body"><div class="title bold">Pier 4</div>'
    page_path = page(tmp_path, "Crew", "A", "B", "the pilot")
    html = page_path.read_text()
    phone = f'{person}<div class="status details">+47 41 00 00 00 - vCard</div></div></div>'
    html = html.replace('<div class="text">A</div>', phone)
    road = f'{place}<div class="description">Dock Road</div></div></div>'
    html = html.replace('<div class="text">B</div>', road).replace(
        '<div class="text">the', f'{phone}<div class="text">the'
    )
    page_path.write_text(html)
    for path in (json_path, page_path):
        texts = [item.text for item in segments(TelegramExport(path))]
        assert texts == ["Ola Berg, +47 41 00 00 00", "Pier 4, Dock Road", "the pilot"]


def test_the_votes_of_a_page_are_no_words(tmp_path: Path) -> None:
    """A poll has the same words on a page as in JSON: what moves from export to export is metadata."""
    answers = (
        '<div class="answer">- Nora <span class="details">2 votes, chosen vote</span></div>'
        '<div class="answer">- Ivo <span class="details">1 vote</span></div><div class="answer">- nobody</div>'
    )
    poll = f'<div class="media_poll"><div class="question bold">Who sails?</div>{answers}</div>'
    path = page(tmp_path, "Crew", "unlike a poll")
    path.write_text(path.read_text().replace('<div class="text">unlike a poll</div>', poll))
    (segment,) = segments(TelegramExport(path))
    assert segment.text == "Who sails?\n- Nora\n- Ivo\n- nobody"
    assert segment.metadata == {"votes": {"Nora": 2, "Ivo": 1}}


def test_pages_beside_the_json_are_not_read_twice(tmp_path: Path) -> None:
    """An export in both forms gives each message once."""
    shutil.copy(PAGE, tmp_path / "messages.html")
    assert len(segments(recognised(tmp_path))) == 4
    write(tmp_path, chat([said(1, "x")]))
    assert [item.text for item in segments(recognised(tmp_path))] == ["x"]


def page(folder: Path, title: str, *messages: str, first: int = 4) -> Path:
    """Write a page of Telegram Desktop's: messages by Nora, numbered from ``first``, a minute each after nine."""
    rows = "".join(
        f'<div class="message default clearfix" id="message{first + number}"><div class="body">'
        f'<div class="pull_right date details" title="01.05.2024 09:{number:02d}:00 UTC+00:00">09:{number:02d}</div>'
        f'<div class="from_name">Nora</div><div class="text">{text}</div></div></div>'
        for number, text in enumerate(messages)
    )
    path = folder / "messages.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<html><body><div class="page_header"><div class="text bold">{title}</div></div>'
        f'<div class="page_body chat_page"><div class="history">{rows}</div></div></body></html>'
    )
    return path


def account(folder: Path) -> Path:
    """Write the head of a whole account's JSON, of which the pages lie in ``chats/chat_<number>``."""
    about = {"about": "Here is the data", "personal_information": {"user_id": 1, "phone_number": "+00"}}
    return write(folder, about | {"chats": {"about": "", "list": [chat([said(1, "of the account")])]}})


def test_messages_from_before_a_supergroup(tmp_path: Path) -> None:
    """History of the group that a supergroup was has negative numbers, as days have, which are service lines."""
    path = page(tmp_path, "Crew", "old", first=-999999990)
    answer = '<div class="reply_to details"><a href="#go_to_message-999999990">this</a></div><div class="text">old'
    path.write_text(
        path.read_text()
        .replace('<div class="text">old', answer)
        .replace('<div class="history">', '<div class="history"><div class="message service" id="message-1">May</div>')
    )
    (old,) = segments(recognised(path))
    assert (old.text, old.id, old.reply_to) == ("old", "-999999990", "-999999990")
    (of_json,) = segments(TelegramExport(write(tmp_path, chat([said(0, "old", id=-999999990)]))))
    assert (of_json.id, of_json.url) == (old.id, None)


def test_pages_below_the_json_of_another_chat(tmp_path: Path) -> None:
    """Two exports in one folder, one of them above the other: each is read, together and alone."""
    write(tmp_path, chat([said(1, "of the crew")]))
    page(tmp_path / "ChatExport_2025-05-18", "Pilots", "of the pilots")
    assert [item.text for item in segments(recognised(tmp_path))] == ["of the pilots", "of the crew"]
    assert [item.text for item in segments(recognised(tmp_path / "ChatExport_2025-05-18"))] == ["of the pilots"]


def test_the_pages_of_an_account_say_what_its_json_says(tmp_path: Path) -> None:
    """The pages of a whole account lie two folders below its JSON; other pages there are not of it."""
    account(tmp_path)
    page(tmp_path / "chats" / "chat_001", "Harbour crew", "of the account")
    page(tmp_path / "later" / "ChatExport_2025-05-18", "Pilots", "of the pilots")
    assert [item.text for item in segments(recognised(tmp_path))] == ["of the pilots", "of the account"]


def test_two_chats_of_one_title_in_an_account(tmp_path: Path) -> None:
    """They are told apart by when they began, as folders are numbered anew in each export; others keep their ids."""
    for number, (title, text) in enumerate([("General", "of the crew"), ("General", "of the pilots"), ("Crew", "hi")]):
        path = page(tmp_path / "chats" / f"chat_{number + 1}", title, text)
        path.write_text(path.read_text().replace("09:00:00", f"{number + 9:02d}:00:00"))
    found = {item.id: item.text for item in documents(recognised(tmp_path))}
    assert found == {
        "General/2024-05-01T09:00:00Z/2024-05-01": "Nora: of the crew",
        "General/2024-05-01T10:00:00Z/2024-05-01": "Nora: of the pilots",
        "Crew/2024-05-01": "Nora: hi",
    }
    (alone,) = documents(TelegramExport(tmp_path / "chats" / "chat_2"))
    assert (alone.id, alone.title) == ("General/2024-05-01T10:00:00Z/2024-05-01", "General")


def test_two_chats_of_one_title_that_began_at_once(tmp_path: Path) -> None:
    """Where the beginning does not tell them apart, the folder does."""
    for number in (1, 2):
        page(tmp_path / "chats" / f"chat_{number}", "General", f"of {number}")
    found = {item.id: item.text for item in documents(recognised(tmp_path))}
    assert found == {"General/chat_1/2024-05-01": "Nora: of 1", "General/chat_2/2024-05-01": "Nora: of 2"}


def test_exports_of_one_chat_made_twice_are_one_chat(tmp_path: Path) -> None:
    """Only an account has several chats; two exports of one chat in folders side by side meet."""
    page(tmp_path / "ChatExport_1", "Crew", "one")
    page(tmp_path / "ChatExport_2", "Crew", "one", "two")
    (document,) = documents(recognised(tmp_path))
    assert (document.id, document.text) == ("Crew/2024-05-01", "Nora: one\ntwo")


def test_bad_records_do_not_take_the_good_ones_along(tmp_path: Path) -> None:
    """Nulls, wrong types, lost times and broken texts are reported one by one."""
    rows = [
        said(1, "good"),
        None,
        "text",
        said(2, 5),
        said(3, ["x", 7]),
        said(4, "x", date="soon", date_unixtime=None),
        said(5, "x", id=None),
        said(6, "fine"),
    ]
    items = list(TelegramExport(write(tmp_path, chat(rows))))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: good\nfine"]
    assert sum(isinstance(item, RecordError) for item in items) == 6


def test_an_account_with_many_contacts(tmp_path: Path) -> None:
    """It is recognised where its contacts fill the beginning of the file, without the person's own particulars."""
    people = [
        {"first_name": "Nora", "last_name": f"of boat {number}", "phone_number": "0047"} for number in range(2_000)
    ]
    about = "Here is the data you requested. Telegram is ad free."
    chats = {"about": "", "list": [chat([said(1, "of the account")])]}
    value = {"about": about, "contacts": {"about": "", "list": people}, "chats": chats}
    assert [item.text for item in segments(recognised(write(tmp_path, value)))] == ["of the account"]


def test_a_truncated_account_keeps_what_is_whole(tmp_path: Path) -> None:
    """An export that ends within its second chat gives all of the first, and one error."""
    path = write(tmp_path, {"chats": {"list": [chat([said(1, "one"), said(2, "two")]), chat([said(1, "cut")], id=78)]}})
    path.write_text(path.read_text()[:-60])
    items = list(TelegramExport(path))
    assert [item.id for item in items if isinstance(item, Document)] == ["77/2024-05-01"]
    assert sum(isinstance(item, RecordError) for item in items) == 1


@pytest.mark.parametrize(
    "value",
    [[], {}, {"messages": []}, {"messages": [{"id": 1, "content": "x"}]}, {"type": "x", "messages": [{"id": 1}]}, [1]],
)
def test_other_files_are_not_taken(tmp_path: Path, value: Any) -> None:
    """JSON that only looks a little like an export is left to others."""
    path = write(tmp_path, value)
    assert not TelegramExport.recognises(path, read_head(path))
    assert not TelegramExport.recognises(tmp_path, b"")
