"""Saved pages and the two JSON shapes of Masa's scrapers become documents."""

from __future__ import annotations

import gzip
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from masa_rag._http.client import Fetcher, Response
from masa_rag.errors import RecordError, SourceError
from masa_rag.protocols import Source
from masa_rag.sources import WebPages, open_source
from masa_rag.sources._base import read_head
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.parse import parse_page
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

DATA = Path(__file__).parent / "data_web"


def documents(source: Source) -> list[Document]:
    """Return the documents a source gives."""
    return [item for item in source if isinstance(item, Document)]


def errors(source: Source) -> list[RecordError]:
    """Return the errors a source gives."""
    return [item for item in source if isinstance(item, RecordError)]


class TestSavedPages(SourceContract):
    """A folder of saved pages keeps the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return WebPages(DATA / "site")


class TestMasaResults(SourceContract):
    """A file of scraped results keeps the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return WebPages(DATA / "masa_results.json")


def test_the_article_without_its_surroundings() -> None:
    """Headings, lists, tables and code stay as Markdown; navigation, advert and footer do not."""
    (page,) = documents(WebPages(DATA / "site" / "harbour.html"))
    for kept in ("ground flour", "## What was repaired", "- The oak paddles", "| Rye | 4 |", "high_water = low_water"):
        assert kept in page.text
    for dropped in ("kettle", "Sport", "all rights reserved", "display: none"):
        assert dropped not in page.text


def test_what_the_page_says_about_itself() -> None:
    """Title without the site's name, author, time, address, language and site come from the head."""
    (page,) = documents(WebPages(DATA / "site"))
    assert page.id == "harbour.html"
    assert page.kind == "page"
    assert page.title == "The tide mill turns again"
    assert page.author == "Greta Holm"
    assert page.created_at is not None
    assert page.created_at.date() == datetime(2024, 3, 9, tzinfo=UTC).date()
    assert page.url == "https://courier.example/news/tide-mill"
    assert page.metadata["site"] == "Lindhaven Courier"


def test_a_gzipped_page(tmp_path: Path) -> None:
    """A page that was compressed is read like the plain one."""
    path = tmp_path / "harbour.html.gz"
    path.write_bytes(gzip.compress((DATA / "site" / "harbour.html").read_bytes()))
    assert "ground flour" in documents(WebPages(path))[0].text


def test_ids_do_not_hang_on_the_place(tmp_path: Path) -> None:
    """The same folder elsewhere gives the same ids."""
    shutil.copytree(DATA / "site", tmp_path / "copy" / "deep")
    assert [page.id for page in documents(WebPages(tmp_path / "copy"))] == ["deep/harbour.html"]
    assert [page.id for page in documents(WebPages(tmp_path / "copy" / "deep"))] == ["harbour.html"]


def test_masa_results() -> None:
    """Markdown is preferred to text, times and names are kept, bad results are reported one by one."""
    source = WebPages(DATA / "masa_results.json")
    mill, weather = documents(source)
    assert mill.id == "https://courier.example/news/tide-mill"
    assert mill.text == "# The mill\n\nThe mill has ground **flour**."
    assert mill.fetched_at == datetime(2024, 3, 10, 6, tzinfo=UTC)
    assert mill.metadata == {"description": "Flour after forty years.", "language": "en"}
    assert weather.text == "Fog until noon."
    assert [error.record_id for error in errors(source)] == ["masa_results.json[1]", "masa_results.json[2]"]


def test_masa_sections() -> None:
    """The older shape is one page: titles become headings, sections without text are left out."""
    (page,) = documents(WebPages(DATA / "masa_sections.json"))
    assert page.text == "## Visit the mill\n\nOpen on Sundays.\n\nBring boots.\n\nDogs are welcome."
    assert page.title == "Visit the mill"
    assert page.url == "https://mill.example/"


@pytest.mark.parametrize("name", ["site/harbour.html", "masa_results.json", "masa_sections.json", "site"])
def test_recognised_by_content(name: str) -> None:
    """HTML, both JSON shapes and a folder of pages are recognised."""
    assert isinstance(open_source(DATA / name), WebPages)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text about <html> pages",
        b'{"messages": []}',
        b'[{"text": "tweet", "url": "https://a.example"}]',
        b"<rss version='2.0'></rss>",
        b'{"pages": [{"sections": 1}]}',
        b"\x1f\x8b broken",
        b"\xff\xfe",
    ],
)
def test_not_recognised(content: bytes, tmp_path: Path) -> None:
    """Other content is left to other sources."""
    path = tmp_path / "some.html"
    path.write_bytes(content)
    assert not WebPages.recognises(path, read_head(path))


@pytest.mark.parametrize(
    "opening", ["<h1>Köprü</h1>", "<title>Köprü</title>", "\n<!-- saved --><div><h1>Köprü</h1></div>"]
)
def test_a_page_without_html_around_it(tmp_path: Path, opening: str) -> None:
    """A page may leave out its outermost tags; its text is read, not its markup."""
    path = tmp_path / "piece.html"
    path.write_text(f"{opening}<p>{COUNCIL}</p>", encoding="utf-8")
    (piece,) = documents(open_source(path))
    assert (piece.title, piece.text.removeprefix("# Köprü\n\n")) == ("Köprü", COUNCIL)


def test_a_transcript_in_html_is_no_page(tmp_path: Path) -> None:
    """The transcripts of podcasts begin with a tag, too."""
    cues = "".join(f"<cite>Ada:</cite><time>0:{at:02}</time><p>{COUNCIL[:60]}</p>" for at in (5, 15, 25))
    (tmp_path / "talk.html").write_text(cues, encoding="utf-8")
    assert type(open_source(tmp_path / "talk.html")).__name__ == "Transcripts"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"<html><body></body></html>",
        b"<html>" + b"<div>" * 100_000 + b"deep",
        b"\x80\xff\xfe<p>",
        b'{"sections": [{"paragraphs": [1, null]}], "pages": [',
    ],
)
def test_bad_pages_are_record_errors(content: bytes, tmp_path: Path) -> None:
    """A file that holds no page gives one typed error and no traceback."""
    path = tmp_path / "some.html"
    path.write_bytes(content)
    (item,) = WebPages(path)
    assert isinstance(item, RecordError)


def test_damaged_gzip(tmp_path: Path) -> None:
    """A truncated gzip file gives a typed error."""
    path = tmp_path / "page.html.gz"
    path.write_bytes(gzip.compress(b"<html><p>word</p></html>" * 99)[:40])
    assert len(errors(WebPages(path))) == 1


COUNCIL = (
    "Belediye meclisi salı günü yeni liman köprüsünü görüştü; köprü artan maliyetler ve anlaşmazlıklar yüzünden "
    "yıllardır gecikiyor, eski köprü ise her sabah büyük gemiler için açılıyor ve akşam kapanıyor."
)


class Answers(Fetcher):
    """A fetcher that answers from a table."""

    pages: ClassVar[dict[str, Response]] = {
        "https://courier.example/mill": Response(
            "https://courier.example/news/mill", 200, {}, (DATA / "site" / "harbour.html").read_bytes()
        ),
        "https://courier.example/most": Response(
            "https://courier.example/most",
            200,
            {"content-type": "text/html; charset=Windows-1254"},
            f"<html><body><main><h1>Köprü görüştü</h1><p>{COUNCIL}</p></main></body></html>".encode("cp1254"),
        ),
        "https://courier.example/gone": Response("https://courier.example/gone", 404),
        "https://courier.example/notes": Response(
            "https://courier.example/notes",
            200,
            {"content-type": "text/plain; charset=utf-8"},
            b"# Notes\r\n\r\n- if tide < 2 m, wait <b>at the bar</b>\r\n- see <https://tides.example>\r\n",
        ),
        "https://courier.example/": Response(
            "https://courier.example/",
            200,
            {"content-type": "text/html"},
            b"<html><head><meta http-equiv='Refresh' content=\"0; URL='/most'\"></head><body></body></html>",
        ),
        "https://courier.example/frames": Response(
            "https://courier.example/frames",
            200,
            {"content-type": "text/html"},
            b"<html><frameset cols='20%,*'><frame src='menu.html'><frame src='/main.html'></frameset></html>",
        ),
        "https://courier.example/report": Response("https://courier.example/report", 200, {}, b"%PDF-1.4 <a>"),
    }

    def fetch(self, url: str, *, headers: object = None) -> Response:
        """Answer from the table, or refuse."""
        if url not in self.pages:
            raise SourceError("refused")
        return self.pages[url]


def test_addresses() -> None:
    """Addresses are fetched; the id is the address that answered; failures are errors of their own."""
    places = [f"https://courier.example/{name}" for name in ("mill", "gone", "refused", "mill")]
    source = WebPages(places, fetcher=Answers())
    assert source.name == "pages:courier.example"
    (page,) = documents(source)
    assert page.id == "https://courier.example/news/mill"
    assert page.fetched_at is not None
    assert [error.record_id for error in errors(source)] == places[1:3]


def test_the_encoding_that_the_server_names() -> None:
    """A page that does not say how it is written is read as its server says."""
    (page,) = documents(WebPages("https://courier.example/most", fetcher=Answers()))
    assert page.title == "Köprü görüştü"
    assert COUNCIL in page.text


def test_plain_text_at_an_address() -> None:
    """Markdown and other text stay as they are, what looks like tags too."""
    (note,) = documents(WebPages("https://courier.example/notes", fetcher=Answers()))
    assert note.text == "# Notes\n\n- if tide < 2 m, wait <b>at the bar</b>\n- see <https://tides.example>"
    assert (note.id, note.title) == ("https://courier.example/notes", "Notes")


def test_a_page_that_leads_on_by_itself() -> None:
    """It is followed, as a redirect is."""
    (page,) = documents(WebPages("https://courier.example/", fetcher=Answers()))
    assert page.id == "https://courier.example/most"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<meta http-equiv=refresh content='5;url=next'>", "https://s.example/next"),
        ("<meta http-equiv=REFRESH content='0, https://t.example/a?b=1'>", "https://t.example/a?b=1"),
        ("<meta http-equiv=refresh content='900;url=/other'>", None),
        ("<meta http-equiv=refresh content='0'>", None),
        ("<meta http-equiv=refresh content='0;url=/start'>", None),
        ("<meta http-equiv=refresh content='0;url=app://start'>", None),
        ("<noscript><meta http-equiv=refresh content='0;url=/without'></noscript>", None),
    ],
)
def test_where_a_page_leads_by_itself(head: str, expected: str | None) -> None:
    """Within seconds, to another page of the web, and with scripts as well as without."""
    tree = parse_page(f"<html><head>{head}</head><body><p>Moved</p></body></html>")
    assert Head(tree, "https://s.example/start").leads_to == expected


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("frames", "https://courier.example/menu.html, https://courier.example/main.html"),
        ("report", "received application/pdf"),
    ],
)
def test_what_is_no_page_is_told(place: str, told: str) -> None:
    """The error says what was there instead."""
    (error,) = errors(WebPages(f"https://courier.example/{place}", fetcher=Answers()))
    assert told in str(error)


def test_addresses_inside_the_network_are_refused() -> None:
    """A private address is one record's error, not a fetched page."""
    assert "refused" in str(errors(WebPages("http://127.0.0.1/"))[0])
