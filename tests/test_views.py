"""What notebooks show: the right things, and nothing that a stranger could run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from masa_rag import Chunk, Context, Document, Hit, IngestReport, Memory, RecordError
from masa_rag._check import Info, SourceInfo
from masa_rag._views import web_address
from masa_rag.answer import Answer
from masa_rag.cli._output import as_plain
from masa_rag.types import Hits

ATTACK = "</div><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
WHEN = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
CHUNK = Chunk(
    id="c", document_id="1", source="show", text="He mined Doge early.", header="Talk · Jamil", start=0, end=20,
    started_at=WHEN, start_s=579.4, authors=("Jamil",), url="https://show.example/1#t=579", title="Talk",
)  # fmt: skip
HIT = Hit(CHUNK, score=0.8312, rank=1, why={"words": 7.1, "vectors": 0.62})
HOSTILE = Hit(
    Chunk(
        id="h", document_id="1", source=ATTACK, text=ATTACK, header=ATTACK, start=0, end=len(ATTACK),
        authors=(ATTACK,), url=f"javascript:{ATTACK}", title=ATTACK,
    ),
    score=1.0, rank=1, why={ATTACK: 1.0},
)  # fmt: skip
INFO = Info(
    path="brain", documents=2, chunks=5, vectors=4, authors=1, embedder="minilm", chunker="turns",
    bytes_on_disk=2_500_000, writer=None, sources=(SourceInfo("show", 2, 5, WHEN, None),),
)  # fmt: skip
HOSTILE_INFO = Info(
    path=ATTACK, documents=1, chunks=1, vectors=1, authors=1, embedder=ATTACK, chunker=ATTACK, bytes_on_disk=1,
    writer=None, sources=(SourceInfo(ATTACK, 1, 1, None, None),),
)  # fmt: skip
VIEWS = {
    "hit": HOSTILE,
    "hits": Hits([HOSTILE]),
    "context": Context(ATTACK, (HOSTILE,)),
    "answer": Answer(ATTACK, (HOSTILE,), (HOSTILE,), problems=(ATTACK,)),
    "report": IngestReport(ATTACK, failed=(RecordError(ATTACK, record_id=ATTACK),)),
    "info": HOSTILE_INFO,
}
ALLOWED = {"div", "b", "bdi", "a", "table", "tr", "th", "td", "ul", "li", "details", "summary"}


class Reader(HTMLParser):
    """Notes tags and attributes, and that every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag was the last one opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect what a reader sees."""
        self.text += data


@pytest.mark.parametrize("name", VIEWS)
def test_what_strangers_wrote_is_shown_as_text(name: str) -> None:
    """No tag of theirs, no address that is code, no attribute that runs; their words can be read."""
    view = VIEWS[name]._repr_html_()  # type: ignore[attr-defined]
    seen = Reader(view)
    assert seen.tags <= ALLOWED
    assert set(seen.attributes) <= {"style", "class", "dir", "href", "rel", "target"}
    assert "href" not in seen.attributes
    assert ATTACK in seen.text
    assert seen.open == []


@pytest.mark.parametrize("name", VIEWS)
def test_colours_are_the_notebooks_own(name: str) -> None:
    """No background and no ink of its own, so that dark and light themes are readable; no formulas."""
    view = VIEWS[name]._repr_html_()  # type: ignore[attr-defined]
    assert "background" not in view
    assert "color:" not in view
    assert "tex2jax_ignore" in view


def test_a_hit_shows_who_when_where_and_why() -> None:
    """The link says at which time of the recording it opens."""
    seen = Reader(HIT._repr_html_())
    assert "1 Jamil · Talk · 2024-05-01 09:30 UTC · 00:09:39 · open at 00:09:39" in seen.text
    assert seen.attributes["href"] == ["https://show.example/1#t=579"]
    assert "score 0.83 (words 7.10, vectors 0.62) · show" in seen.text


def test_a_day_long_ago_has_its_four_digits() -> None:
    """Some systems write the year 800 with three."""
    old = replace(CHUNK, started_at=datetime(800, 12, 25, 4, 5, tzinfo=UTC))
    assert " · 0800-12-25 04:05 UTC · " in Reader(Hit(old, 1.0, 1)._repr_html_()).text


def test_an_answer_cites_under_the_numbers_of_its_text() -> None:
    """The second passage is [2] also where the first is not cited; what is wrong is said."""
    other = Hit(CHUNK, score=0.5, rank=2)
    seen = Reader(Answer("Doge [2].", (HIT, other), (other,), problems=("nothing holds",))._repr_html_())
    assert "Doge [2].Check this:nothing holds[2] Jamil" in seen.text


def test_a_context_shows_passages_and_the_text_for_the_prompt() -> None:
    """Both what was found and what a model will read."""
    seen = Reader(Context("1 passage", (HIT,))._repr_html_())
    assert "[1] Jamil" in seen.text
    assert "The text for the prompt1 passage" in seen.text


def test_a_report_is_a_table_with_its_failures() -> None:
    """The counts in the order of the words, then what failed."""
    report = IngestReport("show", added=1_200, unchanged=3, failed=(RecordError("no text", record_id="7"),))
    seen = Reader(report._repr_html_())
    assert "sourceaddedupdatedunchanged" in seen.text
    assert "show1,2000300100.0" in seen.text
    assert seen.text.endswith("7: no text")


def test_info_lists_the_sources() -> None:
    """Counts, times, and how many passages wait for their vectors."""
    seen = Reader(INFO._repr_html_())
    assert "brain: 2 documents, 5 passages, 1 person, 2.5 MB, 1 passage still to be embedded" in seen.text
    assert "show2024-05-0125" in seen.text


def test_nothing_found_is_said() -> None:
    """An empty list is not an empty cell."""
    assert Reader(Hits()._repr_html_()).text == "Nothing found."


def test_hits_are_a_list(memory: Memory) -> None:
    """They compare, slice and become JSON as a list does."""
    assert memory.search("doge") == []
    memory.add([Document(id="1", text="He mined Doge early.")], name="show")
    hits = memory.search("doge")
    assert isinstance(hits, Hits)
    assert hits == list(hits)
    assert json.loads(json.dumps(as_plain(hits)))[0]["chunk"]["text"] == "He mined Doge early."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/1", True), ("HTTP://a.example", True), ("javascript:alert(1)", False),
        ("data:text/html,x", False), ("//a.example", False), ("http://[::1", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(url: str | None, shown: bool) -> None:
    """An address that is code, a file or broken stays away."""
    assert web_address(url) == (url if shown else None)
