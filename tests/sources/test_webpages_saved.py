"""Pages as browsers save them: with a note of where they came from, and as one file with all they show."""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, datetime
from pathlib import Path

import pytest
from forum_helpers import survives

from masa_rag.errors import RecordError
from masa_rag.protocols import Source
from masa_rag.sources import Mail, WebPages, open_source
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

STORY = (
    "The tide mill stands where the creek meets the harbour, and its wheel turns twice a day without wind – "
    "eleven volunteers spent three winters on it, and the first sack of flour went to the café of the school."
)
PAGE = (
    "<html><head><title>The tide mill</title></head><body><nav><a href='/'>Home</a></nav>"
    f"<main><article><h1>The tide mill</h1><p>{STORY}</p></article></main></body></html>"
)
ADDRESS = "https://courier.example/mill"


def documents(source: Source) -> list[Document]:
    """Return the documents a source gives."""
    return [item for item in source if isinstance(item, Document)]


def mhtml(
    *, html: bytes = PAGE.encode(), kind: str = "text/html", encoding: str = "quoted-printable", head: str = ""
) -> bytes:
    """Return a page as Chrome saves it, with a picture before it and a frame after it."""
    body = quopri.encodestring(html) if encoding == "quoted-printable" else base64.encodebytes(html)
    frame = "<html><body><p>An advert for kettles.</p></body></html>"
    lines = [
        head or "From: <Saved by Blink>",
        f"Snapshot-Content-Location: {ADDRESS}",
        "Subject: The tide mill",
        "Date: Sat, 9 Mar 2024 08:15:00 +0100",
        "MIME-Version: 1.0",
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----Part--x----"',
        "\r\n------Part--x----\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K",
        f"------Part--x----\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}",
        f"Content-Location: {ADDRESS}\r\n\r\n{body.decode()}",
        f"------Part--x----\r\nContent-Type: text/html\r\nContent-Location: cid:frame@mhtml\r\n\r\n{frame}",
        "------Part--x------\r\n",
    ]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("comment", "url"),
    [
        ("<!-- saved from url=(0029)https://courier.example/mill/ -->", "https://courier.example/mill/"),
        ("<!--saved from url=(0022)http://courier.example/-->", "http://courier.example/"),
        (
            "<!--\n Page saved with SingleFile \n url: https://courier.example/mill?a=1&b=2 \n"
            " saved date: Sat Mar 09 2024 08:15:00 GMT+0100 \n-->",
            "https://courier.example/mill?a=1&b=2",
        ),
        ("<!-- saved from url=(0014)about:internet -->", None),
        ("<!-- saved from url=(0017)file:///home/mill -->", None),
        ("<!-- the url: https://courier.example/other -->", None),
        ("", None),
    ],
    ids=["browser", "no blanks", "SingleFile", "mark of the web", "file", "another comment", "none"],
)
def test_where_a_page_was_saved_from(tmp_path: Path, comment: str, url: str | None) -> None:
    """Browsers and SingleFile write it into a comment at the beginning."""
    (tmp_path / "mill.html").write_text(f"<!DOCTYPE html>\n{comment}\n{PAGE}")
    (page,) = documents(WebPages(tmp_path / "mill.html"))
    assert (page.id, page.url, page.text) == ("mill.html", url, f"# The tide mill\n\n{STORY}")


def test_the_address_that_a_page_names_is_preferred(tmp_path: Path) -> None:
    """A canonical link says more than from where somebody came; one that is relative begins there."""
    saved = f"<!-- saved from url=(0036){ADDRESS}?utm_source=mail -->"
    (tmp_path / "mill.html").write_text(saved + PAGE.replace("</head>", "<link rel='canonical' href='/m'></head>"))
    (page,) = documents(WebPages(tmp_path / "mill.html"))
    assert page.url == "https://courier.example/m"


@pytest.mark.parametrize("saved", ["https://courier.example/mill", "https://[courier/mill"])
@pytest.mark.parametrize("rel", ["canonical", "license"])
def test_an_address_that_is_none(tmp_path: Path, saved: str, rel: str) -> None:
    """A link whose address cannot be read, or joined to that of the page, says nothing; the page is read."""
    head = f"<link rel='{rel}' href='http://[mill'></head>"
    (tmp_path / "mill.html").write_text(f"<!-- saved from url=(0028){saved} -->" + PAGE.replace("</head>", head))
    (page,) = documents(WebPages(tmp_path / "mill.html"))
    assert (page.url, page.licence) == (saved if "[" not in saved else None, None)


def test_damaged_files(tmp_path: Path) -> None:
    """150 damaged files give documents and record errors only."""
    survives(WebPages, mhtml(), tmp_path / "mill.mhtml", files=150)


class TestMhtml(SourceContract):
    """A page in one file keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        (tmp_path / "mill.mhtml").write_bytes(mhtml())
        self.folder = tmp_path

    def make(self) -> Source:
        """Return a fresh source."""
        return WebPages(self.folder)


@pytest.mark.parametrize(
    "data",
    [
        mhtml(),
        mhtml(encoding="base64"),
        mhtml(head="From: <Saved by Windows Internet Explorer 8>"),
        mhtml(html=PAGE.encode("cp1252"), kind='text/html; charset="windows-1252"'),
        mhtml(html=PAGE.encode(), kind='text/html; charset="no-such-thing"'),
    ],
    ids=["Chrome", "base64", "Internet Explorer", "another encoding", "an encoding that nobody knows"],
)
@pytest.mark.parametrize("name", ["mill.mhtml", "mill.mht", "download"])
def test_a_page_in_one_file(tmp_path: Path, data: bytes, name: str) -> None:
    """Its text is decoded, its address and the time of saving come from the file's head; pictures are left out."""
    (tmp_path / name).write_bytes(data)
    source = open_source(tmp_path / name)
    assert isinstance(source, WebPages)
    (page,) = documents(source)
    assert (page.id, page.title, page.url) == (name, "The tide mill", ADDRESS)
    assert page.text == f"# The tide mill\n\n{STORY}"
    assert page.fetched_at == datetime(2024, 3, 9, 7, 15, tzinfo=UTC)


def test_a_mail_with_pictures_is_no_saved_page(tmp_path: Path) -> None:
    """A mail has the same form, and somebody it was sent to."""
    (tmp_path / "mail.txt").write_bytes(mhtml(head="From: Ida Holm <ida@mill.example>\r\nTo: bo@mill.example"))
    assert isinstance(open_source(tmp_path / "mail.txt"), Mail)


@pytest.mark.parametrize(
    "data",
    [
        mhtml(kind="text/plain").replace(b"text/html\r\nContent-Location: cid", b"text/css\r\nContent-Location: cid"),
        mhtml()[:500],
        mhtml(html=b""),
        b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\nno parts",
    ],
    ids=["no page", "cut off", "empty", "no parts"],
)
def test_a_file_without_its_page_is_reported(tmp_path: Path, data: bytes) -> None:
    """What holds no page is one error."""
    (tmp_path / "mill.mhtml").write_bytes(data)
    (item,) = WebPages(tmp_path / "mill.mhtml")
    assert isinstance(item, RecordError)


def test_parts_within_parts_without_end(tmp_path: Path) -> None:
    """Nested so deep that no reader can follow, a file is one error."""
    parts = b"".join(
        b'Content-Type: multipart/related; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(5_000)
    )
    (tmp_path / "mill.mhtml").write_bytes(b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n" + parts)
    (item,) = WebPages(tmp_path / "mill.mhtml")
    assert isinstance(item, RecordError)
