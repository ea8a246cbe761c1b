"""Discourse topics: posts, who answers whom, and HTML as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.sources._base import read_head
from masa_rag.sources._chats.cooked import cooked_text, raw_text
from masa_rag.sources.discourse import DiscourseTopics
from masa_rag.testing.contracts import SourceContract


def post(number: int, **fields: Any) -> dict[str, Any]:
    """Return a post as the forum writes it."""
    return {
        "id": 700 + number,
        "name": "Mara Lind",
        "username": "mara",
        "created_at": f"2024-05-13T10:0{number}:00.000Z",
        "updated_at": f"2024-05-13T10:0{number}:00.000Z",
        "cooked": f"<p>Post {number}</p>",
        "post_number": number,
        "post_type": 1,
        "reply_to_post_number": None,
        "version": 1,
        "topic_id": 42,
        "actions_summary": [],
        **fields,
    }


def topic(*posts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a topic as the forum writes it: posts come first."""
    return {
        "post_stream": {"posts": list(posts), "stream": [item["id"] for item in posts]},
        "id": 42,
        "title": "Which ropes?",
        "slug": "which-ropes",
        "created_at": "2024-05-13T10:01:00.000Z",
        "views": 7,
        "tags": ["ropes"],
        **fields,
    }


TOPIC = topic(
    post(1, raw="Which *ropes* last?"),
    post(2, name="", username="bo", reply_to_post_number=1, actions_summary=[{"id": 2, "count": 3}]),
    post(3, reply_to_post_number=2, version=2, updated_at="2024-05-14T09:00:00.000Z"),
    post(4, post_type=3, action_code="closed.enabled", cooked=""),
    post(5, hidden=True),
    post(6, cooked="<div class='lightbox'></div>"),
)


def write(folder: Path, value: Any, name: str = "42.json") -> Path:
    """Write JSON."""
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


class TestContract(SourceContract):
    """The contract of sources."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, TOPIC)

    def make(self) -> DiscourseTopics:
        """One topic."""
        return DiscourseTopics(self.path)


def test_one_document_a_topic(tmp_path: Path) -> None:
    """Notices, hidden posts and posts without words are left out; replies and edits are kept."""
    path = write(tmp_path, TOPIC)
    assert DiscourseTopics.recognises(path, read_head(path))
    (document,) = documents(DiscourseTopics(path, site="https://forum.example/"))
    assert (document.id, document.title, document.url) == (
        "topic/42", "Which ropes?", "https://forum.example/t/which-ropes/42",
    )  # fmt: skip
    assert dict(document.metadata) == {"tags": ["ropes"], "views": 7}
    assert [(item.id, item.author, item.text, item.reply_to) for item in document.segments] == [
        ("42/1", "Mara Lind", "Which *ropes* last?", None),
        ("42/2", "bo", "Post 2", "42/1"),
        ("42/3", "Mara Lind", "Post 3", "42/2"),
    ]
    assert document.segments[1].metadata["likes"] == 3
    assert document.segments[1].url == "https://forum.example/t/which-ropes/42/2"
    assert document.segments[2].edited_at == datetime(2024, 5, 14, 9, tzinfo=UTC)
    assert document.created_at == datetime(2024, 5, 13, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("lines", [False, True])
def test_several_topics_in_a_file(tmp_path: Path, lines: bool) -> None:
    """A list, and one a line."""
    topics = [topic(post(1)), topic(post(1), id=43)]
    path = tmp_path / "topics.json"
    path.write_text("\n".join(map(json.dumps, topics)) if lines else json.dumps(topics, indent=1))
    assert DiscourseTopics.recognises(path, read_head(path))
    assert [document.id for document in documents(DiscourseTopics(path))] == ["topic/42", "topic/43"]


def test_pages_and_folders(tmp_path: Path) -> None:
    """Two pages of one topic have the topic's id and their own posts; the second has no title of its own."""
    write(tmp_path, topic(post(1), post(2)), "1.json")
    second = topic(post(3, reply_to_post_number=1))
    write(tmp_path, {"post_stream": second["post_stream"]}, "2.json")
    first, later = documents(DiscourseTopics(tmp_path))
    assert first.id == later.id == "topic/42"
    assert later.segments[0].reply_to == "42/1"


def test_newest_first_gives_the_same(tmp_path: Path) -> None:
    """The order of the file does not matter, and a post that comes twice is one."""
    turned = topic(*reversed(TOPIC["post_stream"]["posts"]), TOPIC["post_stream"]["posts"][0])
    assert [item.id for item in segments(DiscourseTopics(write(tmp_path, turned)))] == ["42/1", "42/2", "42/3"]


def test_bad_posts_are_reported(tmp_path: Path) -> None:
    """No number, text of a wrong type, no object: an error each, the others stay."""
    bad = topic(post(1), {"id": 9, "cooked": "x"}, post(3, cooked=["x"]), post(4))
    bad["post_stream"]["posts"].append("post")
    source = DiscourseTopics(write(tmp_path, bad))
    assert [item.id for item in segments(source)] == ["42/1", "42/4"]
    assert len(errors(source)) == 3


def test_a_torn_file_keeps_the_whole_posts(tmp_path: Path) -> None:
    """Cut off within the third post."""
    path = write(tmp_path, TOPIC)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"Post 3")])
    assert [item.id for item in segments(DiscourseTopics(path))] == ["42/1", "42/2"]
    assert errors(DiscourseTopics(path))


@pytest.mark.parametrize(
    "value", [[], {}, {"post_stream": {}}, {"post_stream": {"posts": []}}, [1], {"posts": [post(1)]}, "x"]
)
def test_other_json_is_not_recognised(tmp_path: Path, value: Any) -> None:
    """It takes numbered posts in a post_stream."""
    path = write(tmp_path, value)
    assert not DiscourseTopics.recognises(path, read_head(path))
    assert errors(DiscourseTopics(path))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One<br>two &amp; three</p><p>four</p>", "One\ntwo & three\n\nfour"),
        (
            '<aside class="quote" data-username="ann" data-post="2"><div class="title">ann:</div>'
            "<blockquote><p>Old</p></blockquote></aside><p>New</p>",
            "> ann:\n> Old\n\nNew",
        ),
        ("<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>c", "> a\n\n> > b\n\nc"),
        ('<pre><code class="lang-py">if x:\n    y = 1\n</code></pre><p>so</p>', "```\nif x:\n    y = 1\n```\n\nso"),
        ("<p>use <code>rm</code> now</p>", "use `rm` now"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        (
            '<p><a href="https://a.example/x">here</a> and <a href="https://b.example">https://b.example</a></p>',
            "here (https://a.example/x) and https://b.example",
        ),
        (
            '<p><a class="mention" href="/u/bo">@bo</a> <img class="emoji" title=":wave:" alt=":wave:"></p>',
            "@bo :wave:",
        ),
        ('<p><img src="x.png" alt="knot"></p><script>alert(1)</script>', "[image: knot]"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
        (
            '<p>See</p><aside class="onebox" data-onebox-src="https://a.example/x"><header><a href="https://a.example/x">'
            "a.example</a></header><article><h3>Title</h3><p>What that page says</p></article></aside><p>so</p>",
            "See\n\nhttps://a.example/x\nso",
        ),
        ("<p>open <b>tags <i>everywhere", "open tags everywhere"),
        ("<p>We <s>never</s> <del></del>sail</p><s><p>today</p></s>", "We ~~never~~ sail\n\ntoday"),
        ("", ""),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    """Quotes are marked, code is kept, links are written out."""
    assert cooked_text(html) == text


def test_markdown_quotes() -> None:
    """The forum's own quote marks become lines that open with "> "."""
    assert raw_text('[quote="ann, post:2, topic:9"]\nOld\nolder\n[/quote]\n\nNew') == "> ann:\n> Old\n> older\n\nNew"


def test_damaged_files(tmp_path: Path) -> None:
    """300 damaged files give documents and record errors only."""
    survives(DiscourseTopics, json.dumps(TOPIC).encode(), tmp_path / "42.json", files=300)


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    """10,000 damaged files within 256 MB."""
    survives(DiscourseTopics, json.dumps(TOPIC).encode(), tmp_path / "42.json", files=10_000)
