"""What to do with a file that no source reads: documents of other programs, and archives to unpack first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from masa_rag.errors import SourceFormatError
from masa_rag.sources._archive import Archive
from masa_rag.sources._base import read_head
from masa_rag.sources._encoding import encoding_of

_NAMED = 20
"""How many of the files that are left out are named."""
_SAVE = "save its text (.txt, .md or .html) and give that"
_PANDOC = f"{_SAVE}, for example from pandoc"
_TABLE = "save it as .csv and give that"
_PICTURE = "write what stands in it into a text (.txt or .md), for example with tesseract, and give that"
_UNPACK = "unpack it and give what was in it"
_MAILBOX = "import it into Thunderbird, or unpack it with readpst, and give the mailbox"
_OPENINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", f"{_SAVE}, for example from pdftotext"),
    (b"\xd0\xcf\x11\xe0", "a document of an older Office", _SAVE),
    (b"!BDN", "a mailbox of Outlook", _MAILBOX),
    (b"{\\rtf", "a rich text document", _PANDOC),
    *((opening, "a picture", _PICTURE) for opening in (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")),
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
)
_PICTURES = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypavif")
"""What pictures of telephones have behind the length with which they begin."""
_IN_ZIP = (
    ("word/", "a Word document", _PANDOC),
    ("xl/", "a table of Excel", _TABLE),
    ("ppt/", "slides of PowerPoint", _SAVE),
    ("META-INF/container.xml", "a book (EPUB)", _PANDOC),
    ("content.xml", "a document of LibreOffice", _SAVE),
    ("Index/Document.iwa", "a document of Pages, Numbers or Keynote", _SAVE),
    ("", "a zip of no known export", _UNPACK),
)
"""How names in it begin, and what it is then."""

_TABLES = frozenset({".csv", ".tsv"})
_TAKEN = (
    "expected such as id,created_at,username,text (tweets) or timestamp,speaker,text (a talk); rename them, or say "
    "which of them is the text: masa-rag add --field text=NAME"
)
_SAY_TEXT = "if one of them is what people said, say which: masa-rag add --field text=NAME"


def table_advice(path: Path, head: bytes) -> str | None:
    """Return which columns a table has, and what is expected of one; None for a file that is no table."""
    line = head.decode(encoding_of(head[:4]), "replace").strip("\ufeff \r\n").partition("\n")[0].rstrip("\r")
    if path.suffix.lower() not in _TABLES or line[:1] in ("{", "["):
        return None
    names = [name.strip('" ')[:40] or "(none)" for name in line.split(max(",;\t", key=line.count))]
    return f"received the columns {', '.join(names[:20])}; {_TAKEN}"


def fields_advice(path: Path, head: bytes) -> str | None:
    """Return which fields a table or a list of objects has, and how to say which is which; None for other files."""
    from masa_rag.sources.records import fields_in  # late: it imports the sources that ask here

    if (columns := table_advice(path, head)) is not None:
        return columns
    names = ", ".join(fields_in(path, head)[:20])
    return f"received objects with the fields {names}; {_SAY_TEXT}" if names else None


def advice(path: Path, head: bytes) -> str | None:
    """Return what a file is and what to do with it, such as "it is a PDF; …", or None when that is not known.

    Raises SourceFormatError for a zip that is broken, or large beyond measure.
    """
    if head.startswith(b"PK\x03\x04"):
        with Archive(path) as archive:
            names = archive.names
        found = next((known for known in _IN_ZIP if any(name.startswith(known[0]) for name in names)), _IN_ZIP[-1])
        return f"it is {found[1]}; {found[2]}"
    if path.suffix.lower() == ".msg" and head.startswith(b"\xd0\xcf\x11\xe0"):
        return "it is a mail of Outlook; save it from there as .eml, .html or .txt and give that"
    if head.startswith(_PICTURES, 4) or head.startswith(b"WEBP", 8):
        return f"it is a picture; {_PICTURE}"
    return next((f"it is {what}; {then}" for start, what, then in _OPENINGS if head.startswith(start)), None)


def listed(folder: Path, names: Sequence[str]) -> tuple[str, str | None]:
    """Return the names of files that are left out, and what to do with the first document of another program."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more, _document_among(folder, names[:_NAMED])


def _document_among(folder: Path, names: Sequence[str]) -> str | None:
    for name in names:
        with suppress(OSError, SourceFormatError):
            told = advice(folder / name, read_head(folder / name))
            if told is not None and _SAVE in told:
                return f"{name}: {told}"
    return None
