"""What the path of a file tells of what is in it: an id that stays, a title, a day."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from masa_rag.errors import ConfigurationError, MasaRagError, SourceUnavailableError

_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_SITE = re.compile(r"www\.|[\w-]+(?:\.[\w-]+)+/")
"""How an address begins that is written as people say it."""
_GENERIC = frozenset({"transcript", "transcription", "captions", "subtitles", "audio", "recording", "video", "chat"})


def expanded(given: str | Path) -> Path:
    """Return the path, with the home folder for ``~``; where nobody is called so, ``~draft.md`` is a name."""
    path = Path(os.path.expanduser(given))
    return path.absolute() if str(path).startswith("~") else path


def absent(given: str) -> MasaRagError:
    """Return the error for a path at which nothing is."""
    if "://" in given:
        return ConfigurationError(f"received the address {given!r}; expected one that begins with http or https")
    if given == "-":
        return SourceUnavailableError(
            "received '-', which is no file here; a text from standard input is stored by: masa-rag remember -"
        )
    if not given.strip():  # a shell gives it for a variable that is not set
        return SourceUnavailableError(
            f'received the path {given!r}; expected a file, a folder (this one is ".") or an address'
        )
    address = f", or give the whole address: https://{given}" if _SITE.match(given) else ""
    return SourceUnavailableError(f"received {given!r}, which does not exist; check the spelling{address}")


def root_of(paths: Sequence[str | Path]) -> Path:
    """Return the folder that ids are relative to: what was given, or what several have in common.

    It depends on what was given, not on which files are there today, so that ids stay.
    """
    folders = []
    for given in paths:
        path = Path(os.path.abspath(expanded(given)))  # noqa: PTH100 - resolve() would follow links
        if not path.is_dir() or glob.has_magic(str(given)):
            path = next((parent for parent in path.parents if not glob.has_magic(str(parent))), path.parent)
        folders.append(path)
    return Path(os.path.commonpath(folders)) if folders else Path()


def relative_id(path: Path, root: Path) -> str:
    """Return the path below the root without suffix, with forward slashes.

    A file given alone whose name says nothing ("transcript.vtt") takes its folder's name with it.
    """
    full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    below = full.relative_to(root).with_suffix("") if full.is_relative_to(root) else Path(full.stem)
    if len(below.parts) == 1 and below.name.lower() in _GENERIC and full.parent.name:
        below = Path(full.parent.name) / below
    return below.as_posix()


def readable_title(identity: str) -> str:
    """Return a title for people out of an id: underscores become spaces, empty names take their folder's."""
    *folders, stem = identity.split("/")
    if stem.lower().partition("_")[0] in _GENERIC and folders:
        own = [] if stem.lower().partition("_")[0] in ("transcript", "audio", "recording") else [stem]
        parts = [*folders[-2:], *own]
    else:
        parts = [stem]
    return " ".join(" ".join(parts).replace("_", " ").split()) or identity


def date_in(path: str) -> datetime | None:
    """Return the day written in a path, the one nearest to the file's name; None when there is none."""
    for part in reversed(path.split("/")):
        for match in _DATE.finditer(part):
            try:
                return datetime(int(match[1]), int(match[3]), int(match[4]), tzinfo=UTC)
            except ValueError:
                continue
    return None
