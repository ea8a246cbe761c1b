"""DiscordChatExporter's files: JSON of channels, threads and direct messages, and HTML pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import DiscordExport
from masa_rag.sources._base import read_head
from masa_rag.sources._chats.html import elements, forget
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

PAGE = Path(__file__).parent / "data_chat" / "Harbour - general [900000000000000001].html"
NORA = {"id": "700000000000000001", "name": "nora.k", "nickname": "Nora", "isBot": False}
IDS = ["1235153741414400000", "1235153993072640000", "1235154244730880000", "1235154496389120000"]


def recognised(path: Path) -> DiscordExport:
    """The source, after it has said by the content that the file is its own."""
    assert DiscordExport.recognises(path, read_head(path))
    return DiscordExport(path)


def message(number: int, content: str, **more: Any) -> dict[str, Any]:
    """Message of that number, said at 09:<number> on 1 May 2024."""
    return {
        "id": IDS[number],
        "type": "Default",
        "timestamp": f"2024-05-01T09:0{number}:00+00:00",
        "timestampEdited": None,
        "isPinned": False,
        "content": content,
        "author": NORA,
        "attachments": [],
        "embeds": [],
        "reactions": [],
        "mentions": [],
    } | more


def export(folder: Path, messages: list[Any], *, name: str = "e.json", **channel: Any) -> Path:
    """Write an export of a channel of the server Harbour."""
    about = {"id": "900000000000000001", "type": "GuildTextChat", "categoryId": "5", "category": "Docks"}
    value = {
        "guild": {"id": "800000000000000001", "name": "Harbour", "iconUrl": "x.png"},
        "channel": about | {"name": "general", "topic": "Boats"} | channel,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2024-06-01T00:00:00+02:00",
        "messages": messages,
        "messageCount": len(messages),
    }
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def only(source: Source) -> Document:
    """The one document of a source without errors."""
    (document,) = list(source)
    assert isinstance(document, Document)
    return document


def test_channel(tmp_path: Path) -> None:
    """Names of server, category and channel are kept, messages have links, edits their time."""
    first = message(0, "hello <@700000000000000009>", timestampEdited="2024-05-01T11:30:00+02:00")
    reply = message(1, "hi", type="Reply", reference={"messageId": IDS[0], "channelId": "900000000000000001"})
    mention = message(2, "", mentions=[{"id": "700000000000000009", "name": "ivo", "nickname": "Ivo"}])
    document = only(recognised(export(tmp_path, [first, reply, mention, message(3, "x", type="GuildMemberJoin")])))
    assert document.id == "900000000000000001/2024-05-01"
    assert document.title == "#general"
    assert document.metadata == {
        "platform": "discord",
        "guild": "Harbour",
        "channel_id": "900000000000000001",
        "channel": "general",
        "category": "Docks",
        "topic": "Boats",
    }
    hello, hi = document.segments
    assert hello.text == "hello @Ivo"
    assert hello.author == "Nora"
    assert hello.url == f"https://discord.com/channels/800000000000000001/900000000000000001/{IDS[0]}"
    assert hello.edited_at == datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    assert hi.reply_to == IDS[0]


def test_a_thread_is_one_document(tmp_path: Path) -> None:
    """What the exporter calls the category of a thread is its channel; all days are one document."""
    rows = [message(0, "opened"), message(1, "next day", timestamp="2024-05-02T09:00:00Z")]
    path = export(tmp_path, rows, type="GuildPublicThread", categoryId="6", category="general", name_="x")
    document = only(DiscordExport(path))
    assert document.id == "6/thread/900000000000000001"
    assert document.title == "#general > general"
    assert len(document.segments) == 2


def test_direct_messages(tmp_path: Path) -> None:
    """A direct conversation is titled by its person, and linked without a server."""
    path = export(tmp_path, [message(0, "psst")], type="DirectTextChat")
    value = json.loads(path.read_text())
    value["guild"]["id"] = "0"
    value["channel"]["name"] = "Ivo"
    path.write_text(json.dumps(value))
    document = only(DiscordExport(path))
    assert document.title == "Ivo"
    assert document.url == "https://discord.com/channels/@me/900000000000000001"


def test_bots_speak_through_embeds_and_forwards_are_marked(tmp_path: Path) -> None:
    """A bot's embed is its message; a forwarded message's text is taken and marked."""
    bot = {"id": "700000000000000003", "name": "tides", "isBot": True}
    embed = {"title": "High water", "description": "14:05", "fields": [{"name": "Level", "value": "3.1 m"}]}
    rows = [
        message(0, "Today", author=bot, embeds=[embed]),
        message(1, "", forwardedMessage={"content": "fog ahead"}, reference={"messageId": "1", "type": "Forward"}),
    ]
    tides, forward = only(DiscordExport(export(tmp_path, rows))).segments
    assert tides.text == "Today\nHigh water\n14:05\nLevel: 3.1 m"
    assert tides.metadata["bot"] is True
    assert (forward.text, forward.reply_to, forward.metadata["forwarded"]) == ("fog ahead", None, True)


def test_what_was_said_in_another_channel_is_not_answered(tmp_path: Path) -> None:
    """A forward or a crosspost names a message of another channel, and older exports do not say what it is."""
    elsewhere = {"messageId": IDS[3], "channelId": "900000000000000002"}
    here = {"messageId": IDS[0], "channelId": "900000000000000001"}
    rows = [
        message(0, "", forwardedMessage={"content": "fog ahead"}, reference=elsewhere),
        message(1, "tide table", reference=elsewhere),
        message(2, "thanks", type="Reply", reference=here),
        message(3, "mind it", forwardedMessage={"content": "thanks"}, reference=here),
    ]
    channel = only(DiscordExport(export(tmp_path, rows)))
    assert [item.reply_to for item in channel.segments] == [None, None, IDS[0], None]
    thread = only(DiscordExport(export(tmp_path, rows[1:3], type="GuildPublicThread", categoryId="6")))
    assert [item.reply_to for item in thread.segments] == [None, IDS[0]]


def test_damage_in_the_middle_costs_one_message(tmp_path: Path) -> None:
    """A record with a broken string is reported; the messages before and after it are kept."""
    path = export(tmp_path, [message(0, "one"), message(1, "TWO"), message(2, "three")])
    path.write_text(path.read_text().replace('"TWO"', '"TWO'))
    items = list(DiscordExport(path))
    assert [item.text for item in items if isinstance(item, Document)] == ["Nora: one\nthree"]
    assert len([item for item in items if isinstance(item, RecordError)]) >= 1


def test_damage_in_the_head_leaves_the_channel_number_of_the_file_name(tmp_path: Path) -> None:
    """When the channel's own description is lost, the number in the file's name still gives the ids."""
    path = export(tmp_path, [message(0, "one")], name="Harbour - general [900000000000000001].json")
    good = only(DiscordExport(path))
    path.write_text(path.read_text().replace('"type": "GuildTextChat"', '"type" "GuildTextChat"'))
    found = [item for item in DiscordExport(path) if isinstance(item, Document)]
    assert [item.id for item in found] == [good.id]


class TestPage(SourceContract):
    """The HTML page keeps the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return recognised(PAGE)


def test_page() -> None:
    """Times come from ids, the author from the group's head, links keep their address."""
    document = only(DiscordExport(PAGE))
    assert document.id == "900000000000000001/2024-05-01"
    assert document.title == "#general"
    look, same, thanks = document.segments
    assert look.text == "Look here (https://tides.example/today) @Ivo :wave:\nsecond line <3"
    assert (look.author, same.author, thanks.author) == ("Nora", "Nora", "Ivo")
    assert look.created_at == datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
    assert look.metadata == {"author_id": "700000000000000001", "edited": True, "reactions": {"👍": 3}}
    assert thanks.reply_to == look.id


def test_page_and_json_give_the_same_ids(tmp_path: Path) -> None:
    """The same channel exported twice, once in each form, has the same documents and messages."""
    rows = [message(0, "x"), message(1, "y"), message(3, "z")]
    written = only(DiscordExport(export(tmp_path, rows)))
    shown = only(DiscordExport(PAGE))
    assert [item.id for item in written.segments] == [item.id for item in shown.segments]
    assert written.id == shown.id


def embed(title: str, description: str = "", **fields: str) -> str:
    """An embed as the exporter lays it out; its title is a link."""
    words = '<div class="chatlog__markdown chatlog__markdown-preserve">{}</div>'.format
    cells = "".join(
        f'<div class="chatlog__embed-field"><div class="chatlog__embed-field-name">{words(name)}</div>'
        f'<div class="chatlog__embed-field-value">{words(value)}</div></div>'
        for name, value in fields.items()
    )
    return f"""<div class="chatlog__embed"><div class="chatlog__embed-text">
        <div class="chatlog__embed-author-container"><div class="chatlog__embed-author">Coast radio</div></div>
        <div class="chatlog__embed-title"><a class="chatlog__embed-title-link" href="https://tides.example">
        {words(title)}</a></div>
        <div class="chatlog__embed-description">{words(description)}</div>
        <div class="chatlog__embed-fields">{cells}</div></div></div>"""


def shown(number: int, body: str, *, head: str = "") -> str:
    """A message of a page with the words and embeds of ``body``; ``head`` names who begins to speak."""
    return f"""<div class="chatlog__message-container" data-message-id="{IDS[number]}"><div class="chatlog__message">
        <div class="chatlog__message-primary">{head}{body}</div></div></div>"""


def spoken(words: str) -> str:
    """The words of a message as a page has them."""
    return f'<div class="chatlog__content"><span class="chatlog__markdown-preserve">{words}</span></div>'


def page_of(folder: Path, *messages: str) -> Path:
    """Write a page of one group of messages."""
    path = folder / "Harbour - general [900000000000000001].html"
    path.write_text(
        '<html><body><div class="preamble__entry">Harbour</div><div class="preamble__entry">general</div>'
        f'<div class="chatlog"><div class="chatlog__message-group">{"".join(messages)}</div></div></body></html>'
    )
    return path


@pytest.mark.parametrize("tag", ["chatlog__author-tag", "chatlog__bot-tag", "chatlog__bot-label"])
def test_page_and_json_give_the_same_words_of_bots(tmp_path: Path, tag: str) -> None:
    """All embeds and their fields are read, under a text too; below a person's words they are another page's."""
    bot = f'<span class="chatlog__author" data-user-id="3">tides</span><span class="{tag}">BOT</span>'
    person = '<span class="chatlog__author" data-user-id="1">Nora</span>'
    embeds = embed("High water", "14:05\nand 02:30", Level="3.1 m", Wind="SW") + embed("Low water")
    path = page_of(
        tmp_path,
        shown(0, spoken("Today") + embeds, head=bot),
        shown(1, embeds),
        shown(2, spoken("see this") + embed("A page"), head=person),
        shown(3, embed("A page")),
    )
    radio = {"author": {"name": "Coast radio"}}
    fields = [{"name": "Level", "value": "3.1 m"}, {"name": "Wind", "value": "SW"}]
    high = radio | {"title": "High water", "description": "14:05\nand 02:30", "fields": fields}
    rows = [
        message(
            0,
            "Today",
            author={"id": "3", "name": "tides", "isBot": True},
            embeds=[high, radio | {"title": "Low water"}],
        ),
        message(
            1, "", author={"id": "3", "name": "tides", "isBot": True}, embeds=[high, radio | {"title": "Low water"}]
        ),
        message(2, "see this", embeds=[radio | {"title": "A page"}]),
        message(3, "", embeds=[radio | {"title": "A page"}]),
    ]
    found = only(recognised(path)).segments
    expected = "Coast radio\nHigh water\n14:05\nand 02:30\nLevel: 3.1 m\nWind: SW\nLow water"
    assert [item.text for item in found] == [f"Today\n{expected}", expected, "see this", "Coast radio\nA page"]
    assert [item.text for item in found] == [item.text for item in only(DiscordExport(export(tmp_path, rows))).segments]


def test_an_embed_of_the_older_layout(tmp_path: Path) -> None:
    """Before 2022 the author's name lay beside the icon, and words had other classes."""
    body = """<div class="chatlog__embed"><div class="chatlog__embed-author"><img alt="Author icon">
        <span class="chatlog__embed-author-name">Coast radio</span></div>
        <div class="chatlog__embed-title"><a href="https://tides.example">
        <div class="markdown preserve-whitespace">High water</div></a></div></div>"""
    (segment,) = only(DiscordExport(page_of(tmp_path, shown(0, body)))).segments
    assert segment.text == "Coast radio\nHigh water"


def test_a_forward_on_a_page(tmp_path: Path) -> None:
    """A forwarded message's words stand below the comment, and the message is marked, as in the JSON."""
    body = """<div class="chatlog__forwarded"><div class="chatlog__forwarded-header"><em>Forwarded</em></div>
        <div class="chatlog__forwarded-content chatlog__markdown">
        <span class="chatlog__markdown-preserve">fog ahead</span></div></div>"""
    (forward,) = only(recognised(page_of(tmp_path, shown(0, body)))).segments
    assert (forward.text, forward.metadata["forwarded"]) == ("fog ahead", True)


def test_code_on_a_page_has_lines_of_its_own(tmp_path: Path) -> None:
    """The page's style sheet sets code of several lines apart; its words do not run into those around it."""
    code = '<code class="chatlog__markdown-pre chatlog__markdown-pre--multiline nohighlight">if low:\n    wait()</code>'
    path = page_of(tmp_path, shown(0, spoken(f"We run{code}at night")), shown(1, spoken(f"We run\n{code}\nat night")))
    expected = "We run\nif low:\n    wait()\nat night"
    assert [item.text for item in only(recognised(path)).segments] == [expected, expected]


def test_a_forward_of_a_bot_says_what_its_embeds_say(tmp_path: Path) -> None:
    """A bot's words are in its embeds; the preview of a link that was forwarded is another page's."""
    embeds = [{"title": "High water", "description": "14:05", "fields": [{"name": "Level", "value": "3.1 m"}]}]
    rows = [
        message(0, "", forwardedMessage={"content": "", "embeds": embeds}),
        message(1, "", message_snapshots=[{"message": {"content": "https://tides.example", "embeds": embeds}}]),
    ]
    found = only(DiscordExport(export(tmp_path, rows))).segments
    assert [item.text for item in found] == ["High water\n14:05\nLevel: 3.1 m", "https://tides.example"]
    assert all(item.metadata["forwarded"] for item in found)


def test_groups_of_messages_that_were_read_are_freed() -> None:
    """A page of a year is not held in memory: nothing stays of the groups that lie before a message."""
    group = b'<div class="group"><div data-message-id="1"><span>Nora</span><p>hello</p></div></div>'
    page = BytesIO(b"<html><body><div>" + 1_000 * group + b"</div></body></html>")
    left = 0
    for item in elements(page, keep=lambda item: item.get("data-message-id") is not None, label="page"):
        forget(item)
        left = sum(1 for _ in item.getroottree().iter())
    assert 0 < left < 20


def test_older_layout(tmp_path: Path) -> None:
    """Pages before 2021 had one head a group and messages with an id each."""
    path = tmp_path / "old [900000000000000001].html"
    path.write_text(
        f"""<html><body><div class="preamble__entry">Harbour</div><div class="preamble__entry">general</div>
        <div class="chatlog"><div class="chatlog__message-group">
        <span class="chatlog__author-name" title="nora#1" data-user-id="1">Nora</span>
        <div class="chatlog__message" data-message-id="{IDS[0]}"><div class="chatlog__content">
        <div class="markdown"><span class="preserve-whitespace">one</span></div></div></div>
        <div class="chatlog__message" data-message-id="{IDS[1]}"><div class="chatlog__content">
        <div class="markdown"><span class="preserve-whitespace">two</span></div></div></div>
        </div></div></body></html>"""
    )
    assert only(recognised(path)).text == "Nora: one\ntwo"


@pytest.mark.parametrize("page", ["<html><p>chatlog</p></html>", "<html><div class='preamble'>x</div></html>", ""])
def test_other_pages_are_not_taken(tmp_path: Path, page: str) -> None:
    """A page that only mentions the words is no export."""
    path = tmp_path / "page.html"
    path.write_text(page)
    assert not DiscordExport.recognises(path, page.encode())


def test_what_a_page_quotes_is_marked(tmp_path: Path) -> None:
    """Quoted words are not the author's own: their lines begin with "> ", as in the JSON."""
    quote = (
        '<div class="chatlog__markdown-quote"><div class="chatlog__markdown-quote-border"></div>'
        '<div class="chatlog__markdown-quote-content">We sail in <strong>May</strong>.\nOr not.</div></div>We do.'
    )
    path = tmp_path / PAGE.name
    page = (
        '<html><head><style>.chatlog__message-group {}</style></head><body><div class="preamble__entry">Harbour</div>'
        f'<div class="chatlog__message-container" data-message-id="{IDS[0]}"><span class="chatlog__author">Nora</span>'
        f'<div class="chatlog__content"><span class="chatlog__markdown-preserve">{quote}</span></div></div></body>'
    )
    path.write_text(page)
    (day,) = [item for item in recognised(path) if isinstance(item, Document)]
    assert day.segments[0].text == "> We sail in May.\n> Or not.\n\nWe do."
