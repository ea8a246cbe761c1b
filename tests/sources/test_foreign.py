"""Files of other programs: what they are, and what to do with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from masa_rag.errors import SourceFormatError
from masa_rag.sources import open_source, open_sources


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.msg", b"\xd0\xcf\x11\xe0" + bytes(60), "it is a mail of Outlook; save it from there as .eml"),
        ("a.pst", b"!BDN" + bytes(60), "it is a mailbox of Outlook; import it into Thunderbird"),
        ("book.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is not recognised: it is a PDF; save its text .*pdftotext"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "it is a picture; write what stands in it into a text"),
        ("IMG_0001.HEIC", b"\0\0\0\x24ftypheic\0\0\0\0mif1", "it is a picture; write what stands in it"),
        ("result.json.gz", b"\x1f\x8b\x08\x00", "it is a gzip file; unpack it"),
        ("RS_2024-05.zst", b"\x28\xb5\x2f\xfd\x00", "it is a Zstandard file; unpack it"),
    ],
)
def test_what_to_do_with_files_of_other_programs(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    """A file that no source reads is named for what it is, with the next step."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFormatError, match=expected):
        open_source(tmp_path / name)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("word/document.xml", "it is a Word document; save its text .* for example from pandoc"),
        ("xl/workbook.xml", "it is a table of Excel; save it as .csv"),
        ("ChatExport/result.json", "it is a zip of no known export; unpack it"),
    ],
)
def test_what_to_do_with_a_zip(tmp_path: Path, member: str, expected: str) -> None:
    """Documents of Office are zips; of another, what is in it may be readable."""
    with zipfile.ZipFile(tmp_path / "unknown.zip", "w") as archive:
        archive.writestr(member, "{}")
    with pytest.raises(SourceFormatError, match=expected):
        open_source(tmp_path / "unknown.zip")


def test_of_a_folder_it_is_told_what_to_do_with_documents(tmp_path: Path) -> None:
    """Those that were left out were named only, while each by itself was told what to do with it."""
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7\n")
    told = r"a.jpg, b.pdf.*b.pdf: it is a PDF; save its text \(.txt, .md or .html\)"
    with pytest.raises(SourceFormatError, match=told):
        open_sources(tmp_path)
    (tmp_path / "notes.md").write_text("We sail at nine.")
    with pytest.warns(UserWarning, match=told):
        assert [type(source).__name__ for source in open_sources(tmp_path)] == ["Files"]
