"""What to do with a file that no source reads: documents of other programs, and archives to unpack first."""

from __future__ import annotations

from pathlib import Path

from masa_rag.sources._archive import Archive
from masa_rag.sources._encoding import encoding_of

_SAVE = "save its text (.txt, .md or .html) and give that"
_UNPACK = "unpack it and give what was in it"
_MAILBOX = "import it into Thunderbird, or unpack it with readpst, and give the mailbox"
_OPENINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", f"{_SAVE}, for example from pdftotext"),
    (b"\xd0\xcf\x11\xe0", "a document of an older Office", _SAVE),
    (b"!BDN", "a mailbox of Outlook", _MAILBOX),
    (b"{\\rtf", "a rich text document", _SAVE),
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
)
_IN_ZIP = (("word/", "a Word document"), ("xl/", "a table of Excel"), ("ppt/", "slides of PowerPoint"),
           ("META-INF/container.xml", "a book (EPUB)"), ("content.xml", "a document of LibreOffice"))  # fmt: skip

_TABLES = frozenset({".csv", ".tsv"})
_TAKEN = "expected such as id,created_at,username,text (tweets) or timestamp,speaker,text (a talk); rename them"


def table_advice(path: Path, head: bytes) -> str | None:
    """Return which columns a table has, and what is expected of one; None for a file that is no table."""
    line = head.decode(encoding_of(head[:4]), "replace").strip("\ufeff \r\n").partition("\n")[0].rstrip("\r")
    if path.suffix.lower() not in _TABLES or line[:1] in ("{", "["):
        return None
    names = [name.strip('" ')[:40] or "(none)" for name in line.split(max(",;\t", key=line.count))]
    return f"received the columns {', '.join(names[:20])}; {_TAKEN}"


def advice(path: Path, head: bytes) -> str | None:
    """Return what a file is and what to do with it, such as "it is a PDF; …", or None when that is not known.

    Raises SourceFormatError for a zip that is broken, or large beyond measure.
    """
    if head.startswith(b"PK\x03\x04"):
        with Archive(path) as archive:
            names = archive.names
        document = next((what for start, what in _IN_ZIP if any(name.startswith(start) for name in names)), None)
        return f"it is {document or 'a zip of no known export'}; {_SAVE if document else _UNPACK}"
    if path.suffix.lower() == ".msg" and head.startswith(b"\xd0\xcf\x11\xe0"):
        return "it is a mail of Outlook; save it from there as .eml, .html or .txt and give that"
    return next((f"it is {what}; {then}" for start, what, then in _OPENINGS if head.startswith(start)), None)
