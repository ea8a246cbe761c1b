"""How an export of WhatsApp is known among other texts with dates, and what its chat is called."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from masa_rag.sources._lines import head_lines
from masa_rag.sources._whatsapp.clock import stamp_of
from masa_rag.sources._whatsapp.notices import is_notice_sender, says_encrypted

COPY = re.compile(r"\s*\(\d{1,3}\)$")
"""What browsers and phones put behind a name that is taken already."""
COPY_OF_FILE = re.compile(r"\s*\(\d{1,3}\)(?=\.\w{3}$)")
_FILE_TITLE = re.compile(
    r"(?:whatsapp[ -](?:chat|sohbeti|gesprek|čet)|chat (?:de |do |di )?whatsapp|(?:conversa|conversación|conversazione|"
    r"conversation|discussion)(?: (?:de|do|di|whatsapp)){1,2}|чат whatsapp|与|與)"
    r"(?:\s+(?:with|mit|avec|con|com|met|med|с контактом|с|ile|-)|\s*-)\s+(?P<title>.+)",
    re.IGNORECASE,
)
_IPHONE = "_chat"  # the stem of every text of an iPhone
# What tempfile and mktemp make, and where they make it: another name at the next export.
_NAMELESS = re.compile(r"\.*|te?mp|tmp\.?[a-z0-9_]{8,10}", re.IGNORECASE)
_LOG_LEVEL = re.compile(r"(?:^|\W)(?:trace|debug|info|notice|warn|warning|error|critical|fatal)$", re.IGNORECASE)
_IRC = re.compile(r"<[^\s<>]{1,64}> ")
_OPENING = 50  # lines: in most chats somebody speaks within them


def looks_like_export(head: bytes, stem: str) -> bool:
    """Say whether the first line is dated in the app's way and somebody speaks, be it after many notices.

    Args:
        head: The file's first bytes.
        stem: The file's name without its ending. Dated notices alone are enough under a name that the app
            gives, or with the notice that messages are encrypted.
    """
    lines = head_lines(head)
    if not lines or stamp_of(lines[0]) is None:
        return False
    rests = [line[found[1] :] for line in lines[:_OPENING] if (found := stamp_of(line)) is not None]
    said = [sender for sender in _senders(rests) if sender is not None]
    if said:
        return not any(map(_LOG_LEVEL.search, said)) and not any(map(_IRC.match, rests))
    return _says_whatsapp(rests, stem)


def _senders(rests: list[str]) -> list[str | None]:
    """Return who speaks in each line behind its date, None for a notice."""
    cut = [(rest, rest.partition(":")[0]) for rest in rests]
    return [sender if sender != rest and not is_notice_sender(sender) else None for rest, sender in cut]


def _says_whatsapp(rests: list[str], stem: str) -> bool:
    """Say whether lines in which nobody speaks are the app's; a name needs more than one such line."""
    own = COPY.sub("", stem)
    named = own == _IPHONE or _FILE_TITLE.fullmatch(own) is not None
    return (named and len(rests) > 1) or any(says_encrypted(rest) for rest in rests)


def chat_title(path: Path, member: str | None) -> str:
    """Return the chat's name: what the app put into a name, or else the name of the file.

    "_chat.txt", as every text of an iPhone is called, has its folder's name, wherever one stands when the
    path is given; in a zip its folder there, or else the zip's name. A temporary folder names nothing.
    """
    stem, folder = COPY.sub("", path.stem), COPY.sub("", path.parent.resolve().name)
    inside = COPY.sub("", PurePosixPath(member).stem) if member is not None else stem
    if inside == _IPHONE:
        around = COPY.sub("", PurePosixPath(member).parent.name) if member is not None else folder
        inside = "" if _NAMELESS.fullmatch(around) else around
    for name in (inside, stem, folder):
        if (match := _FILE_TITLE.fullmatch(name)) is not None:
            return match["title"].strip()
    return inside or stem
