"""Files: plain text and Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from masa_rag.errors import RecordError
from masa_rag.sources import Files, open_source
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

MARKDOWN = """---
title: "Kite repair"
date: 2024-05-01
tags: [kites]
author: Mia Ode
nested:
  - x
---
# Heading

Use glue.
"""


class TestFilesContract(SourceContract):
    """The shipped contract."""

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        (tmp_path / "a.md").write_text(MARKDOWN)
        (tmp_path / "b.txt").write_text("Plain words.\n")

    def make(self) -> Files:
        """Return a source over the folder."""
        return Files(self.folder)


def only(source: Files) -> Document:
    """Return the one document of a source."""
    (item,) = source
    assert isinstance(item, Document), item
    return item


def test_front_matter(tmp_path: Path) -> None:
    """Title, date and author come from the front matter, which is not part of the text."""
    (tmp_path / "repair.md").write_text(MARKDOWN)
    document = only(Files(tmp_path / "repair.md"))
    assert (document.id, document.title, document.author) == ("repair.md", "Kite repair", "Mia Ode")
    assert document.created_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert document.text == "# Heading\n\nUse glue."
    assert document.metadata == {"tags": "[kites]"}


def test_a_page_that_obsidian_clipped(tmp_path: Path) -> None:
    """Its author, its address and the day when it was published are those of the page, not of the clipping."""
    fields = (
        'title: "The buoy"\nsource: "https://sea.example/buoy"\n'
        'author:\n  - "[[Mara Ellison]]"\n  - "[[people/jo|Jonas]]"\n'
        'published: 2024-05-01\ncreated: 2025-01-02\ndescription: ""\ntags:\n  - "clippings"\n'
    )
    (tmp_path / "clip.md").write_text(f"---\n{fields}---\nSalt crept in.\n")
    page = only(Files(tmp_path / "clip.md"))
    assert (page.title, page.author, page.url) == ("The buoy", "Mara Ellison; Jonas", "https://sea.example/buoy")
    assert (page.created_at, page.metadata) == (datetime(2024, 5, 1, tzinfo=UTC), {"created": "2025-01-02"})


@pytest.mark.parametrize(
    "field",
    [
        "author: [Mara, Jonas]",
        "authors:\n- Mara\n- Jonas",
        "authors:\n  - name: Mara\n    email: m@sea.example\n  - name: Jonas",
    ],
)
def test_several_authors(tmp_path: Path, field: str) -> None:
    """A list of people is no name in brackets."""
    (tmp_path / "note.md").write_text(f"---\ntitle: Pumps\n{field}\n---\nThe seal held.\n")
    note = only(Files(tmp_path / "note.md"))
    assert (note.author, note.metadata) == ("Mara; Jonas", {})


@pytest.mark.parametrize(
    ("written", "day"), [("May 1, 2024", 1), ("2024/05/01", 1), ("13/05/2024", 13), ("5/6/2024", None)]
)
def test_dates_that_people_write(tmp_path: Path, written: str, day: int | None) -> None:
    """A day in words or with the year first is read; one that may be in May or in June is not guessed."""
    (tmp_path / "note.md").write_text(f"---\ntitle: Pumps\ndate: {written}\n---\nThe seal held.\n")
    expected = None if day is None else datetime(2024, 5, day, tzinfo=UTC)
    assert only(Files(tmp_path / "note.md")).created_at == expected


@pytest.mark.parametrize(
    "fields",
    [
        "---\ndate: 2024-05-01 12:00:00 +0200\ntopic: pumps\n---\n",
        "---\ncreated: 2024-05-01T10:00\ntopic: pumps\n---\n",
        "---\ndate: last May\npublished: 2024-05-01T10:00:00Z\ntopic: pumps\n---\n",
        '+++\ndate = 2024-05-01T10:00:00Z\ntopic = "pumps"\n+++\n',
    ],
    ids=["Jekyll", "Obsidian", "two dates", "Hugo"],
)
def test_dates_that_programs_write(tmp_path: Path, fields: str) -> None:
    """The day a note was written, under the names and in the forms of the usual programs."""
    (tmp_path / "note.md").write_text(f"{fields}The seal held.\n")
    (note,) = Files(tmp_path / "note.md")
    assert isinstance(note, Document)
    assert (note.created_at, note.text) == (datetime(2024, 5, 1, 10, tzinfo=UTC), "The seal held.")
    assert note.metadata == {"topic": "pumps"}


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nFirst section: the code of the gate is 4711.\n\nMore text.\n\n---\n\nSecond section.",
        "---\n06:00 Ada Brook starts pump three.\n14:00 Ben Holt takes over.\n---\nAll quiet.",
        "---\nNote: the valve leaks.\nBen will look at it.\n---\nAll quiet.",
        "---\nAda: is it on?\nBen: yes.\nAda: good.\n---\nAll quiet.",
        "---\nhttps://pumps.example/manual\n---\nAll quiet.",
        "---\n- a list\n- between rules\n---\nAll quiet.",
        "---\nAnn: hello\nBob: hi\nAnn: good\n---\nAll quiet.",
        "---\nDate: 1 May\nAnn: hello\nBob: hi\nAnn: good\n---\nAll quiet.",
        "---\nAuthor: is it good?\nEditor: yes.\nAuthor: then print it.\n---\nAll quiet.",
        "---\nTitle: the valve\nBen will look at it.\n---\nAll quiet.",
        "---\nFirst section: the code of the gate is 4711.\n---\nSecond section.",
        "---\n06:00: pump on\n14:00: pump off\n---\nAll quiet.",
        "---\n# A heading\n---\nAll quiet.",
        "+++\nStock: 4 seals\n+++\nAll quiet.",
    ],
    ids=[
        *("sections", "log", "one sentence", "talk", "address", "list", "short talk", "talk on a day", "play"),
        *("title and prose", "one section", "hours", "heading", "plus signs"),
    ],
)
def test_text_between_rules_is_no_front_matter(tmp_path: Path, text: str) -> None:
    """Prose, lists and people who talk are kept, whatever rules stand around them."""
    (tmp_path / "log.md").write_text(text + "\n")
    document = only(Files(tmp_path / "log.md"))
    assert (document.text, dict(document.metadata)) == (text, {})


@pytest.mark.parametrize(
    ("lines", "metadata"),
    [
        (
            "date created: Monday, June 5th 2023, 10:00:00 am\ndate modified: Tuesday",
            {"date created": "Monday, June 5th 2023, 10:00:00 am", "date modified": "Tuesday"},
        ),
        ("Meeting date: Monday", {"meeting date": "Monday"}),
        ("2fa: true", {"2fa": "true"}),
        ("a/b: x", {"a/b": "x"}),
        ("og:title: x\nog:image: y", {"og:title": "x", "og:image": "y"}),
        ("{{meta}}", {}),
        ("tags: [a,\nb,\nc]", {"tags": "[a, b, c]"}),
        ("'my tags': x", {"my tags": "x"}),
        ("topic: >-\n  Seals\n{{meta}}", {"topic": "Seals"}),
        ("site: https://pumps.example/a: b", {"site": "https://pumps.example/a: b"}),
    ],
)
@pytest.mark.parametrize("title", ["title", '"title"', "Title"])
def test_names_of_fields(tmp_path: Path, lines: str, metadata: dict[str, str], title: str) -> None:
    """Names have blanks, digits, slashes, inner colons or quotation marks; a line of a template costs nothing."""
    (tmp_path / "note.md").write_text(f"---\n{lines}\n{title}: My note\ndate: 2023-06-05\n---\nUse glue.\n")
    document = only(Files(tmp_path / "note.md"))
    assert (document.title, document.created_at) == ("My note", datetime(2023, 6, 5, tzinfo=UTC))
    assert (document.text, document.metadata) == ("Use glue.", metadata)


@pytest.mark.parametrize("lines", ["2fa: true", "a/b: x", "og:title: x\nog:image: y", "date created: Monday"])
def test_front_matter_without_a_title(tmp_path: Path, lines: str) -> None:
    """Fields with names of one word, or the usual ones of two, need no title beside them."""
    (tmp_path / "note.md").write_text(f"---\n{lines}\n---\nUse glue.\n")
    assert only(Files(tmp_path / "note.md")).text == "Use glue."


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: >-\n  Seals for\n  pump three", "Seals for pump three"),
        ("title: |\n  Seals for pump three\n\ntopic: x", "Seals for pump three"),
        ("title: Seals # a working title", "Seals"),
        ("title: 'Seals # 3' # a working title", "Seals # 3"),
        ("title: Issue #4 in C#", "Issue #4 in C#"),
        ('title: He said "no"', 'He said "no"'),
        ('title: "No" means no', '"No" means no'),
        ("title: 'Seals'", "Seals"),
        ("# made by hand\n\ntitle: Seals", "Seals"),
        ("größe: 3\ntitle: Seals", "Seals"),
        ("title: null", "repair"),
        ("title: ''", "repair"),
    ],
)
def test_what_a_title_in_front_matter_says(tmp_path: Path, line: str, title: str) -> None:
    """Folded lines are joined, comments left out, a pair of quotation marks taken off; null is none."""
    (tmp_path / "repair.md").write_text(f"---\n{line}\n---\nUse glue.\n")
    document = only(Files(tmp_path / "repair.md"))
    assert (document.title, document.text) == (title, "Use glue.")


def test_a_name_that_begins_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is called so it is a file's name, and no one's home folder."""
    (tmp_path / "~draft.md").write_text("The seal held.")
    monkeypatch.chdir(tmp_path)
    (document,) = Files("~draft.md")
    assert isinstance(document, Document)
    assert (document.id, document.text) == ("~draft.md", "The seal held.")


@pytest.mark.parametrize("nobody", ["null", "~", "Null", ""])
def test_no_author(tmp_path: Path, nobody: str) -> None:
    """YAML's ways to say nothing name no author; a comment behind a date does not hide it."""
    (tmp_path / "a.md").write_text(f"---\nauthor: {nobody}\ndate: 2024-05-01 # the day\n---\nUse glue.\n")
    document = only(Files(tmp_path / "a.md"))
    assert (document.author, document.created_at) == (None, datetime(2024, 5, 1, tzinfo=UTC))


def test_tables_of_toml_are_left_out(tmp_path: Path) -> None:
    """What stands in a table such as ``[params]`` is not the page's own title or author."""
    fields = 'title = "Seals" # short\ntags = [\n  "pumps",\n]\n[params]\ntitle = "Theme"\nauthor = "Nobody"\n'
    (tmp_path / "a.md").write_text(f"+++\n{fields}+++\nUse glue.\n")
    document = only(Files(tmp_path / "a.md"))
    assert (document.title, document.author, document.text) == ("Seals", None, "Use glue.")


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("x.md", "# Wind *and* rain #\n\ntext", "Wind *and* rain"),
        ("x.rst", "Wind\n====\n\ntext", "Wind"),
        ("old_kites.txt", "text", "old kites"),
        ("x.md", "---\ntitle: [broken\n", "x"),
        ("x.rst", "==========\nSeal tests\n==========\n\nIt held.\n", "Seal tests"),
        ("x.adoc", "= Seal tests\nAnn Sea <ann@sea.example>\n\nIt held.\n", "Seal tests"),
        ("x.org", "#+TITLE: Seal tests\n#+DATE: <2024-05-01 Wed>\n\n* Results\n", "Seal tests"),
        ("x.md", "***\nSeal tests\n\n***\n", "x"),
    ],
)
def test_titles(tmp_path: Path, name: str, text: str, title: str) -> None:
    """Without a title in front matter it is the first heading, else the file's name."""
    (tmp_path / name).write_text(text)
    assert only(Files(tmp_path / name)).title == title


@pytest.mark.parametrize("data", [b"", b"  \n", b"\x7fELF\x00\x01", b"---\ntitle: x\n---\n"])
def test_what_has_no_text_is_reported(tmp_path: Path, data: bytes) -> None:
    """Empty and binary files are one RecordError each; the others go on."""
    (tmp_path / "bad.txt").write_bytes(data)
    (tmp_path / "good.txt").write_text("Words.")
    error, good = Files(tmp_path)
    assert isinstance(error, RecordError)
    assert isinstance(good, Document)


def test_it_is_the_fallback(tmp_path: Path) -> None:
    """Readable text that nothing else knows is a file; binary is not."""
    (tmp_path / "note.txt").write_text("Buy string.\n")
    assert isinstance(open_source(tmp_path / "note.txt"), Files)
    for head in (b"\x00\x01\x02", b"%PDF-1.7\n1 0 obj", b"\x89PNG\r\n"):
        assert not Files.recognises(tmp_path / "x.bin", head)


def test_windows_line_ends_and_encoding(tmp_path: Path) -> None:
    """Line ends are made one kind, and Windows-1252 is read."""
    (tmp_path / "w.txt").write_bytes("Café\r\nNaïve\r\n".encode("cp1252"))
    assert only(Files(tmp_path / "w.txt")).text == "Café\nNaïve"


def test_a_file_too_large_for_one_document_is_named(tmp_path: Path) -> None:
    """A log of 200 MB once took 11.6 GB of memory; it is refused before it is read, and the others go on."""
    (tmp_path / "note.txt").write_text("The rope is blue.")
    with (tmp_path / "server.txt").open("w") as file:
        file.write("A line of a log.\n" * 5_000)
        file.truncate(33 * 1024 * 1024)
    note, refused = Files(tmp_path)
    assert isinstance(note, Document)
    assert "received 34,603,008 bytes; expected text of at most 33,554,432" in str(refused)
