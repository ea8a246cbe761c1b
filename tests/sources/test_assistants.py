"""Conversations with ChatGPT, Claude and Gemini, as their exports have them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, segments, survives
from peak_memory import forget_peak, peak_mib

from masa_rag import Memory
from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import AssistantExport, open_source, open_sources
from masa_rag.testing.contracts import SourceContract

NINE = 1_714_554_000.25
"""1 May 2024, 9:00 UTC."""


def node(key: str, parent: str | None, role: str, *parts: Any, **more: Any) -> dict[str, Any]:
    """A message of ChatGPT in its place in the tree; ``content`` and ``metadata`` may be given."""
    minute = more.pop("minute", int("".join(filter(str.isdigit, key)) or 0))
    content = more.pop("content", {"content_type": "text", "parts": list(parts)})
    message = {"id": key, "author": {"role": role, "name": None, "metadata": {}}, "create_time": NINE + 60 * minute,
               "content": content, "metadata": {}, "recipient": "all", "weight": 1.0} | more  # fmt: skip
    return {"id": key, "message": message, "parent": parent, "children": []}


def chat(*nodes: dict[str, Any], key: str = "c1", leaf: str | None = None, **more: Any) -> dict[str, Any]:
    """A conversation with ChatGPT; its id comes behind its messages."""
    root = {"id": "root", "message": None, "parent": None, "children": []}
    return {
        "title": "The seal", "create_time": NINE, "mapping": {item["id"]: item for item in (root, *nodes)},
        "moderation_results": [], "current_node": leaf or nodes[-1]["id"], "conversation_id": key, "is_archived": False,
    } | more  # fmt: skip


ASKED = (
    node("m1", "root", "user", "Does the seal hold at 4 bar?"),
    node("m2", "m1", "assistant", "It holds to 6 bar.", metadata={"model_slug": "gpt-4o"}),
)


def saved(folder: Path, *records: Any, name: str = "conversations.json") -> Path:
    """Write an export."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(records)))
    return path


def texts(path: Path, **options: Any) -> list[str]:
    """What was said, in order; an error fails the test."""
    return [part.text for item in documents(open_source(path, **options)) for part in item.segments]


class TestChatGPT(SourceContract):
    """ChatGPT's export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = saved(tmp_path, chat(*ASKED))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


class TestClaude(SourceContract):
    """Claude's export keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = saved(tmp_path, talk(turn("t1", "human", "Does it hold?"), turn("t2", "assistant", "It does.")))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


class TestGemini(SourceContract):
    """Gemini's log keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = saved(tmp_path, entry(2, "Sure?", "<p>Yes.</p>"), entry(1, "Does it hold?", "<p>It does.</p>"))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_who_said_what_and_when(tmp_path: Path) -> None:
    """A conversation is one document with its title and link; the answer answers the question."""
    (item,) = documents(open_source(saved(tmp_path, chat(*ASKED))))
    assert (item.id, item.title, item.kind) == ("c1", "The seal", "conversation")
    assert item.url == "https://chatgpt.com/c/c1"
    assert item.metadata == {"platform": "chatgpt"}
    question, answer = item.segments
    assert (question.author, question.text, question.reply_to) == ("You", "Does the seal hold at 4 bar?", None)
    assert question.created_at == datetime(2024, 5, 1, 9, 1, 0, 250_000, tzinfo=UTC)
    assert (answer.author, answer.text, answer.reply_to) == ("ChatGPT", "It holds to 6 bar.", "m1")
    assert answer.metadata == {"model": "gpt-4o"}


def test_the_branch_that_is_shown(tmp_path: Path) -> None:
    """What was edited or made anew is counted, and not read as if it had been said in a row."""
    again = node("m3", "m1", "assistant", "Up to 6 bar, it does.")
    (item,) = documents(open_source(saved(tmp_path, chat(*ASKED, again, leaf="m3"))))
    assert [part.text for part in item.segments] == ["Does the seal hold at 4 bar?", "Up to 6 bar, it does."]
    assert item.metadata["other_branches"] == 1


def test_without_a_last_message_the_latest_branch_is_read(tmp_path: Path) -> None:
    """Some exports name none, or one that is not there."""
    again = node("m3", "m1", "assistant", "Newer.")
    path = saved(tmp_path, chat(*ASKED, again, leaf="gone"))
    assert texts(path) == ["Does the seal hold at 4 bar?", "Newer."]


def test_what_is_not_shown_is_left_out(tmp_path: Path) -> None:
    """The system, tools and what is told to them, thoughts, custom instructions and hidden messages."""
    hidden = {"is_visually_hidden_from_conversation": True}
    profile = {"content_type": "user_editable_context", "user_profile": "I dive", "user_instructions": "Be brief"}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Hm", "content": "Is it?"}]}
    call = {"content_type": "code", "language": "python", "text": "print(6)"}
    path = saved(
        tmp_path,
        chat(
            node("m1", "root", "system", ""),
            node("m2", "m1", "user", content=profile, metadata=hidden),
            node("m3", "m2", "user", "Does it hold?"),
            node("m4", "m3", "assistant", content=thoughts),
            node("m5", "m4", "assistant", content=call, recipient="python"),
            node("m6", "m5", "tool", content={"content_type": "execution_output", "text": "6"}),
            node("m7", "m6", "tool", content={"content_type": "tether_quote", "text": "A page"}),
            node("m8", "m7", "assistant", content={"content_type": "reasoning_recap", "content": "Thought for 8s"}),
            node("m9", "m8", "user", "Hidden.", metadata=hidden),
            node("m10", "m9", "assistant", "It does."),
        ),
    )
    assert texts(path) == ["Does it hold?", "It does."]


def test_what_was_spoken_and_what_was_sent(tmp_path: Path) -> None:
    """Words of voice chats are read, pictures are named, a text in the canvas is read under its name."""
    spoken = {"content_type": "multimodal_text", "parts": [
        {"content_type": "audio_transcription", "text": "Look at this seal.", "direction": "in"},
        {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": {}}]}  # fmt: skip
    picture = {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}, "Is it worn?"]}
    canvas = {"content_type": "code", "text": json.dumps({"name": "Log", "type": "document", "content": "Day 1\nCalm"})}
    path = saved(
        tmp_path,
        chat(
            node("m1", "root", "user", content=spoken),
            node("m2", "m1", "user", content=picture, metadata={"attachments": [{"name": "seal.jpg"}]}),
            node("m3", "m2", "assistant", content=canvas, recipient="canmore.create_textdoc"),
        ),
    )
    said = segments(open_source(path))
    assert [item.text for item in said] == ["Look at this seal.", "Is it worn?", "Log\nDay 1\nCalm"]
    assert said[1].metadata == {"attachments": ["seal.jpg"]}


def test_a_canvas_that_is_written_anew_is_read_again(tmp_path: Path) -> None:
    """Changes of parts of it are not."""
    first = {"name": "log", "type": "code/python", "content": "day = 1"}
    changes: list[dict[str, Any]] = [
        {"updates": [{"pattern": ".*", "multiple": False, "replacement": "day = 2\nprint(day)"}]},
        {"updates": [{"pattern": "day", "multiple": True, "replacement": "hour"}]},
    ]
    contents = [{"content_type": "code", "text": json.dumps(text)} for text in (first, *changes)]
    path = saved(
        tmp_path,
        chat(
            node("m1", "root", "assistant", content=contents[0], recipient="canmore.create_textdoc"),
            node("m2", "m1", "assistant", content=contents[1], recipient="canmore.update_textdoc"),
            node("m3", "m2", "assistant", content=contents[2], recipient="canmore.update_textdoc"),
        ),
    )
    assert texts(path) == ["log\nday = 1", "day = 2\nprint(day)"]


def test_marks_of_sources_become_links(tmp_path: Path) -> None:
    """What the page shows in their place is read, and the mark itself never."""
    text = "Salt \ue200cite\ue202t0\ue201 and \ue200entity\ue202[1]\ue201 wear.\ue200i\ue202x\ue201 So【7†source】."
    references = [
        {"matched_text": "\ue200cite\ue202t0\ue201", "alt": "([sea.example](https://sea.example/s))"},
        {"matched_text": "\ue200entity\ue202[1]\ue201", "alt": "sand"},
    ]
    path = saved(tmp_path, chat(node("m1", "root", "assistant", text, metadata={"content_references": references})))
    assert texts(path) == ["Salt ([sea.example](https://sea.example/s)) and sand wear. So."]


def test_names_within_marks_are_words(tmp_path: Path) -> None:
    """The page shows them in the sentence, also where nothing tells what the mark stands for."""
    text = (
        'Ask \ue200entity\ue202["company","Tidewell","maker of seals"]\ue201 or '
        '\ue200entity\ue202["people","Ann Sea"]\ue201, see \ue200link_title\ue202their page\ue202turn0search1\ue201'
        ' :contentReference[oaicite:0]{index=0}\ue200image_group\ue202{"query":["seals"]}\ue201.'
    )
    references = [{"matched_text": '\ue200entity\ue202["people","Ann Sea"]\ue201', "type": "entity", "alt": None}]
    path = saved(tmp_path, chat(node("m1", None, "assistant", text, metadata={"content_references": references})))
    assert texts(path) == ["Ask Tidewell or Ann Sea, see their page ."]


def test_times_never_run_backwards(tmp_path: Path) -> None:
    """ChatGPT writes some messages down after those that follow them; an absurd time is none."""
    path = saved(
        tmp_path,
        chat(
            node("m1", "root", "user", "One", minute=5),
            node("m2", "m1", "assistant", "Two", minute=4),
            node("m3", "m2", "user", "Three", create_time=1e300),
            node("m4", "m3", "assistant", "Four", create_time=None),
        ),
    )
    times = [item.created_at and item.created_at.minute for item in segments(open_source(path))]
    assert times == [5, 5, None, None]


def test_a_circle_ends(tmp_path: Path) -> None:
    """A damaged tree in which a message follows itself is read once."""
    assert texts(saved(tmp_path, chat(node("m1", "m2", "user", "One"), node("m2", "m1", "assistant", "Two")))) == [
        "One", "Two",
    ]  # fmt: skip


def talk(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A conversation with Claude."""
    return {
        "uuid": "k1", "name": "The pump", "summary": "", "created_at": "2024-05-01T09:00:00.000000Z",
        "updated_at": "2024-05-01T09:09:00.000000Z", "account": {"uuid": "a1"}, "chat_messages": list(messages),
    } | more  # fmt: skip


def turn(key: str, sender: str, text: str, **more: Any) -> dict[str, Any]:
    """A message of a conversation with Claude, a minute later the larger the number in its id."""
    return {
        "uuid": key, "text": text, "content": [{"type": "text", "text": text, "citations": []}], "sender": sender,
        "created_at": f"2024-05-01T09:{int(key[1:]):02d}:00.000000Z", "attachments": [], "files": [],
    } | more  # fmt: skip


def test_claude(tmp_path: Path) -> None:
    """Blocks of text are read; what was thought, done and could not be shown is not; artifacts are."""
    unshown = "\n```\nThis block is not supported on your current device yet.\n```\n"
    work = [
        {"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "A plan:"},
        {"type": "tool_use", "name": "artifacts", "input": {"command": "create", "title": "Plan", "content": "1. Go"}},
        {"type": "tool_use", "name": "web_search", "input": {"query": "pump"}},
        {"type": "tool_result", "content": [{"type": "text", "text": "A page"}]},
        {"type": "text", "text": "Good luck."},
    ]  # fmt: skip
    old = turn("t3", "assistant", f"Stop it.{unshown}", content=[])
    path = saved(tmp_path, talk(turn("t1", "human", "It leaks."), turn("t2", "assistant", "x", content=work), old))
    (item,) = documents(open_source(path))
    assert (item.id, item.title, item.url) == ("k1", "The pump", "https://claude.ai/chat/k1")
    assert [(part.author, part.text) for part in item.segments] == [
        ("You", "It leaks."),
        ("Claude", "A plan:\n\nPlan\n1. Go\n\nGood luck."),
        ("Claude", "Stop it."),
    ]
    assert item.segments[1].reply_to == "t1"


def test_files_that_claude_writes(tmp_path: Path) -> None:
    """Those that the person gets are read under their names, those for its own work are not."""
    report = {"path": "/mnt/user-data/outputs/report.md", "file_text": "# Seals\nThey hold.", "description": "x"}
    script = {"path": "/home/claude/count.py", "file_text": "print(6)", "description": "x"}
    blocks = [{"type": "tool_use", "name": "create_file", "input": item} for item in (script, report)]
    path = saved(tmp_path, talk(turn("t1", "human", "Write it."), turn("t2", "assistant", "", content=blocks)))
    assert texts(path) == ["Write it.", "report.md\n# Seals\nThey hold."]


def test_files_that_claude_was_sent(tmp_path: Path) -> None:
    """What was pasted is the person's message; the text of a file comes before it, and is nobody's."""
    pasted = {"file_name": "", "extracted_content": "A long note.", "file_type": "txt", "file_size": 12}
    paper = {"file_name": "pump.pdf", "extracted_content": "Impellers wear.", "file_type": "pdf", "file_size": 15}
    files = [{"file_name": "leak.png"}, {"file_name": "pump.pdf"}]
    path = saved(tmp_path, talk(turn("t1", "human", "Read it.", attachments=[pasted, paper], files=files)))
    paper_said, asked = segments(open_source(path))
    assert (paper_said.author, paper_said.text) == (None, "pump.pdf\nImpellers wear.")
    assert (asked.author, asked.text) == ("You", "Read it.\nA long note.")
    assert asked.metadata == {"attachments": ["pump.pdf", "leak.png"]}


def test_branches_of_claude(tmp_path: Path) -> None:
    """Newer exports have all branches, and say which message follows which: the latest is the one that is shown."""
    top = "00000000-0000-4000-8000-000000000000"
    path = saved(
        tmp_path,
        talk(
            turn("t1", "human", "It leaks.", parent_message_uuid=top),
            turn("t2", "assistant", "Stop it.", parent_message_uuid="t1"),
            turn("t3", "human", "It leaks oil.", parent_message_uuid=top),
            turn("t4", "assistant", "Change the seal.", parent_message_uuid="t3"),
        ),
    )
    (item,) = documents(open_source(path))
    assert [part.text for part in item.segments] == ["It leaks oil.", "Change the seal."]
    assert item.metadata["other_branches"] == 2


def test_whose_words_they_are(tmp_path: Path) -> None:
    """The name in Claude's list of users is taken, and one that is given before it."""
    path = saved(tmp_path, talk(turn("t1", "human", "It leaks.")))
    (tmp_path / "users.json").write_text(
        '[{"uuid": "a1", "full_name": "Åse Nygård", "email_address": "a@sea.example"}]'
    )
    assert [item.author for item in segments(AssistantExport(path))] == ["Åse Nygård"]
    assert [item.author for item in segments(AssistantExport(path, me="Åse"))] == ["Åse"]


def entry(minute: int, title: str, html: str | None, *, app: str | None = "g1", asked: bool = True) -> dict[str, Any]:
    """An entry of Google's log."""
    answer = {} if html is None else {"safeHtmlItem": [{"html": html}]}
    place = {} if app is None else {"details": [{"name": "x", "url": f"https://gemini.google.com/app/{app}"}]}
    return {
        "header": "Gemini Apps", "title": f"Prompted {title}" if asked else title, "products": ["Gemini Apps"],
        "time": f"2024-05-01T09:{minute:02d}:00.500Z", "activityControls": ["Gemini Apps Activity"],
    } | answer | place  # fmt: skip


def test_gemini(tmp_path: Path) -> None:
    """Entries of one conversation are one document, the oldest first; one that names none is a document of its own."""
    path = saved(
        tmp_path,
        entry(3, "And oil?", "<p>It <b>wears</b> it.</p><ul><li>slowly</li></ul>"),
        entry(2, "Used Gemini Apps", None, asked=False),
        entry(1, "Does salt wear seals?\nQuickly?", "<p>It does.</p>"),
        entry(0, "Hello", None, app=None),
        name="MyActivity.json",
    )
    asked, alone = sorted(documents(open_source(path)), key=lambda item: len(item.segments), reverse=True)
    assert (asked.id, asked.url) == ("gemini/g1", "https://gemini.google.com/app/g1")
    assert (asked.title, asked.metadata) == ("Does salt wear seals?", {"platform": "gemini"})
    assert [(part.author, part.text) for part in asked.segments] == [
        ("You", "Does salt wear seals?\nQuickly?"),
        ("Gemini", "It does."),
        ("You", "And oil?"),
        ("Gemini", "It wears it.\n\n- slowly"),
    ]
    assert [part.text for part in alone.segments] == ["Hello"]


def card(asked: str, date: str, answer: str = "<p>For <b>two</b> years.</p>", app: str = "Gemini Apps") -> str:
    """An entry of activity as Takeout's page shows it."""
    body = "content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1"
    return (
        f'<div class="outer-cell"><div class="mdl-grid"><div class="header-cell"><p class="mdl-typography--title">{app}'
        f'<br></p></div><div class="{body}">{asked}<br>{date}<br>{answer}</div>'
        f'<div class="{body} mdl-typography--text-right"></div><div class="content-cell mdl-typography--caption">'
        "<b>Products:</b><br>&emsp;Gemini Apps</div></div></div>"
    )


def gemini_page(folder: Path, *cards: str) -> Path:
    """Write a page of activity, whose styles are longer than what is seen of a file first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "MyActivity.html"
    styles = ".mdl-grid{display:flex}" + " " * 70_000
    path.write_text(
        f"<html><head><title>My Activity History</title><style>{styles}</style></head><body>{''.join(cards)}"
    )
    return path


def test_gemini_as_a_page(tmp_path: Path) -> None:
    """The form that Takeout gives unless told otherwise; of other products nothing is taken."""
    path = gemini_page(
        tmp_path / "Gemini Apps",
        card(
            "Prompted\xa0How long does it hold?<br>See <a href='https://sea.example'>this</a>",
            "May 1, 2024, 9:00:00\u202fAM CEST",
        ),
        card("Used Gemini Apps", "Apr 30, 2024, 9:00:00 AM CEST", ""),
        card("Watched a film", "Apr 29, 2024, 9:00:00 AM CEST", app="YouTube"),
    )
    source = open_source(path, me="Ann")
    (item,) = documents(source)
    assert (item.title, item.created_at) == ("How long does it hold?", datetime(2024, 5, 1, 7, 0, tzinfo=UTC))
    assert [(part.author, part.text) for part in item.segments] == [
        ("Ann", "How long does it hold?\nSee this (https://sea.example)"),
        ("Gemini", "For two years."),
    ]
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        archive.write(path, "Takeout/My Activity/Gemini Apps/MyActivity.html")
    assert [part.text for part in segments(open_source(tmp_path / "takeout.zip"))] == [
        part.text for part in item.segments
    ]


@pytest.mark.parametrize(
    "date",
    ["May 1, 2024, 9:00:00 PM GMT-03:00", "2 de mai. de 2024, 00:00:00 UTC", "02.05.2024, 02:00:00 MESZ",
     "2024/05/02 9:00:00 JST", "2024年5月2日 GMT+8 08:00:00", "2024. 5. 2. 오전 9:00:00 KST"],
)  # fmt: skip
def test_dates_of_the_page(tmp_path: Path, date: str) -> None:
    """Takeout writes them in the person's language and zone."""
    (item,) = documents(open_source(gemini_page(tmp_path / "Gemini Apps", card("Prompted Hm?", date))))
    assert item.created_at == datetime(2024, 5, 2, tzinfo=UTC)


def test_other_activity_is_not_taken(tmp_path: Path) -> None:
    """Google's log of what was watched or searched has the same form."""
    seen = entry(0, "Watched a film", None, asked=False) | {"header": "YouTube", "products": ["YouTube"]}
    assert not AssistantExport.recognises(tmp_path, saved(tmp_path, seen).read_bytes())


@pytest.mark.parametrize("record", [chat(*ASKED), talk(turn("t1", "human", "It leaks."))], ids=["ChatGPT", "Claude"])
@pytest.mark.parametrize("shape", ["one", "wrapped"])
def test_other_shapes(tmp_path: Path, record: dict[str, Any], shape: str) -> None:
    """A single conversation, and a list in an object."""
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(record if shape == "one" else {"user": {"id": 1}, "conversations": [record, record]}))
    assert len(documents(AssistantExport(path))) == (1 if shape == "one" else 2)
    assert type(open_source(path)) is AssistantExport


def page(*records: dict[str, Any]) -> str:
    """ChatGPT's page, which shows an export in a browser."""
    data = json.dumps(records)
    return f"<title>ChatGPT Data Export</title><script>var jsonData = {data};\nvar assetsJson = {{}};</script>"


def test_projects_of_claude(tmp_path: Path) -> None:
    """What it was told is the person's, the texts given with it are nobody's; its makers' example is left out."""
    text = {"uuid": "d1", "filename": "seals.md", "content": "They hold.", "created_at": "2024-05-01T10:00:00Z"}
    project = {
        "uuid": "p1", "name": "The boat", "description": "Her upkeep", "is_private": True, "is_starter_project": False,
        "prompt_template": "Be brief.", "created_at": "2024-05-01T09:00:00Z", "creator": {"uuid": "a"}, "docs": [text],
    }  # fmt: skip
    example = project | {"uuid": "p2", "is_starter_project": True}
    saved(tmp_path / "out", talk(turn("t1", "human", "It leaks.")))
    path = saved(tmp_path / "out", project, example, name="projects.json")
    (tmp_path / "out" / "users.json").write_text(json.dumps([{"uuid": "a", "full_name": "Ann Sea"}]))
    (item,) = documents(open_source(path))
    assert (item.id, item.title, item.url) == ("project/p1", "The boat", "https://claude.ai/project/p1")
    assert [(part.author, part.text) for part in item.segments] == [
        ("Ann Sea", "Her upkeep\n\nBe brief."),
        (None, "seals.md\nThey hold."),
    ]
    assert {document.title for document in documents(open_source(tmp_path / "out"))} == {"The pump", "The boat"}
    with zipfile.ZipFile(tmp_path / "claude.zip", "w") as archive:
        for name in ("conversations.json", "projects.json", "users.json"):
            archive.write(tmp_path / "out" / name, name)
    assert len(documents(open_source(tmp_path / "claude.zip"))) == 2


def reply(key: str, follows: str | None, sender: str, text: str, time: Any) -> dict[str, Any]:
    """A question or an answer of Grok."""
    response = {"_id": key, "parent_response_id": follows, "sender": sender, "message": text, "create_time": time}
    return {"response": response | {"model": "grok-4", "metadata": {}}, "share_link": None}


def grok(folder: Path, *replies: dict[str, Any]) -> Path:
    """Write Grok's export of two conversations, in the first of which nothing is said."""
    about = {"id": "g1", "title": "The seal", "create_time": "2024-05-01T09:00:00.123456Z", "starred": False}
    empty = {"conversation": about | {"id": "g0"}, "responses": []}
    talks = {"conversations": [empty, {"conversation": about, "responses": replies}], "projects": [], "tasks": []}
    path = folder / "prod-grok-backend.json"
    path.write_text(json.dumps(talks))
    return path


def test_grok(tmp_path: Path) -> None:
    """The branch of the latest answer is read, without the cards that show sources."""
    card = '<grok:render card_id="c1" type="render_inline_citation"><argument name="id">0</argument></grok:render>'

    def at(minute: int) -> dict[str, Any]:
        return {"$date": {"$numberLong": str(1_714_554_000_000 + minute * 60_000)}}

    path = grok(
        tmp_path,
        reply("r1", None, "human", "Does it hold?", at(0)),
        reply("r2", "r1", "ASSISTANT", "No.", at(1)),
        reply("r3", "r1", "assistant", f"It does.{card} For <b>two</b> years.", at(2)),
    )
    (item,) = documents(open_source(path, me="Ann"))
    assert (item.id, item.title, item.url) == ("g1", "The seal", "https://grok.com/c/g1")
    assert item.metadata == {"platform": "grok", "other_branches": 1}
    assert [(part.author, part.text, part.reply_to) for part in item.segments] == [
        ("Ann", "Does it hold?", None),
        ("Grok", "It does. For <b>two</b> years.", "r1"),
    ]
    assert item.segments[1].created_at == datetime(2024, 5, 1, 9, 2, tzinfo=UTC)
    assert item.segments[1].metadata == {"model": "grok-4"}
    with zipfile.ZipFile(tmp_path / "grok.zip", "w") as archive:
        archive.write(path, "ttl/30d/export_data/x/prod-grok-backend.json")
    assert len(segments(open_source(tmp_path / "grok.zip"))) == 2


def test_damaged_grok(tmp_path: Path) -> None:
    """100 damaged files give documents and record errors only."""
    path = grok(tmp_path, *(reply(f"r{n}", None, "human", f"blå {n}", "2024-05-01T09:00:00Z") for n in range(9)))
    survives(AssistantExport, path.read_bytes(), path, files=100)


def test_a_whole_export_is_one(tmp_path: Path) -> None:
    """Its parts are read, and the page that says the same, recordings and pictures beside them are not."""
    folder = tmp_path / "export"
    saved(folder, chat(*ASKED), name="conversations-000.json")
    saved(folder, chat(*ASKED, key="c2"), name="conversations-001.json")
    page = (
        f"<html><head><title>ChatGPT Data Export</title><script>var jsonData = {json.dumps([chat(*ASKED)])};</script>"
    )
    (folder / "chat.html").write_text(page)
    (folder / "user.json").write_text('{"id": "u1", "email": "a@sea.example"}')
    (folder / "group_chats.json").write_text('{"chats": []}')
    (folder / "file-1-seal.png").write_bytes(b"\x89PNG")
    (folder / "audio").mkdir()
    (folder / "audio" / "file_1.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    (source,) = open_sources(tmp_path)
    assert sorted(item.id for item in documents(source)) == ["c1", "c2"]


def test_beside_other_files(tmp_path: Path) -> None:
    """In a folder with notes of somebody's own, these are read too, and the page is not."""
    saved(tmp_path, chat(*ASKED))
    (tmp_path / "chat.html").write_text(page(chat(*ASKED)))
    (tmp_path / "mine.md").write_text("My note.")
    found = {type(source).__name__: documents(source) for source in open_sources(tmp_path)}
    assert {name: len(items) for name, items in found.items()} == {"AssistantExport": 1, "Files": 1}


def test_the_page_alone(tmp_path: Path) -> None:
    """Who kept only ChatGPT's page has all of it."""
    path = tmp_path / "chat.html"
    path.write_text(page(chat(*ASKED)))
    assert texts(path) == ["Does the seal hold at 4 bar?", "It holds to 6 bar."]


def test_a_zip_is_read_where_it_is(tmp_path: Path) -> None:
    """With the name of the person in it; also Takeout's, whose files are named in one's language."""
    with zipfile.ZipFile(tmp_path / "claude.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([talk(turn("t1", "human", "It leaks."))]))
        archive.writestr("users.json", '[{"full_name": "Åse Nygård"}]')
        archive.writestr("projects.json", "[]")
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w") as archive:
        archive.writestr("Takeout/Fotos/a.json", "{}")
        archive.writestr(
            "Takeout/Meine Aktivitäten/Gemini-Apps/MeineAktivitäten.json", json.dumps([entry(0, "Hi", None)])
        )
    assert [item.author for item in segments(open_source(tmp_path / "claude.zip"))] == ["Åse Nygård"]
    assert texts(tmp_path / "takeout.zip") == ["Hi"]


def test_a_later_export_meets_an_earlier_one(tmp_path: Path) -> None:
    """What is new comes in, and nothing is doubled or embedded again."""
    with Memory(tmp_path / "brain") as memory:
        memory.add(open_source(saved(tmp_path / "a", chat(*ASKED))))
        more = node("m3", "m2", "user", "And at 7 bar?")
        again = memory.sync(open_source(saved(tmp_path / "b", chat(*ASKED, more))))
        assert (again.updated, again.added, memory.info().documents) == (1, 0, 1)
        assert memory.search("7 bar")[0].chunk.authors == ("You",)


def test_damage_takes_one_conversation(tmp_path: Path) -> None:
    """Those before and behind it are read; of a file that is cut off, those before."""
    records = [talk(turn("t1", "human", f"Number {number}."), uuid=f"k{number}") for number in range(3)]
    path = saved(tmp_path, *records)
    good = path.read_text()
    path.write_text(good.replace('"Number 1."', "Number 1.", 1))
    items = list(AssistantExport(path))
    assert isinstance(items[1], RecordError)
    assert {"k0", "k2"} <= {item.id for item in items if not isinstance(item, RecordError)}
    path.write_text(good[: good.index("Number 2")])
    assert [item.id for item in AssistantExport(path) if not isinstance(item, RecordError)] == ["k0", "k1"]


@pytest.mark.parametrize(
    "record",
    [
        chat(
            *ASKED,
            node("m3", "m1", "assistant", "Again", metadata={"content_references": [{"matched_text": "\ue200"}]}),
        ),
        talk(turn("t1", "human", "It leaks.", parent_message_uuid="t0"), turn("t2", "assistant", "Stop it.")),
        entry(0, "Hello", "<p>Hi</p>"),
    ],
    ids=["ChatGPT", "Claude", "Gemini"],
)
def test_damaged_files(tmp_path: Path, record: dict[str, Any]) -> None:
    """100 damaged files give documents and record errors only."""
    path = saved(tmp_path, record, record)
    survives(AssistantExport, path.read_bytes(), path, files=100)


def test_a_large_export_is_read_piece_by_piece(tmp_path: Path) -> None:
    """Memory holds one conversation, not the file; a conversation may be longer than what is decoded at once."""
    words = "The seal holds at four bar. " * 400

    def turns() -> Iterator[dict[str, Any]]:
        for number in range(1_000):
            yield node(f"m{number + 1}", f"m{number}" if number else "root", "user", words)

    long = json.dumps(chat(*turns()))
    path = tmp_path / "conversations.json"
    path.write_text(f"[{','.join([long] * 4)}]")
    assert len(long) > 8_388_608
    del long
    before = forget_peak()
    assert [len(item.segments) for item in AssistantExport(path) if not isinstance(item, RecordError)] == [1_000] * 4
    assert peak_mib() - before < 200
