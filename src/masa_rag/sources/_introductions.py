"""Names of speakers from what is said: "my name is Ada", "please welcome Ben Ito"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from masa_rag.types import Segment

_NAME = r"(?P<name>[A-Z][\w'’-]+(?: (?:de|da|van|von|der|la|[A-Z]\.|[A-Z][\w'’-]*)){0,3})"
_OWN = re.compile(
    r"(?:\b[Mm]y name(?:'s|’s| is)|\b[Tt]his is your host,?|\b[Ii]'m your host,?|\b[Yy]our host(?: is)?,?"
    rf"|^I(?:'m|’m| am)) {_NAME}"
)
_GUEST = re.compile(
    r"(?:\b[Pp]lease welcome|\b[Ww]elcome to the (?:show|podcast|program),?|\b[Mm]y guest (?:today )?is"
    r"|\b[Jj]oined (?:today )?by|\bI'm here with|\bhere with me is|\b[Hh]is name is|\b[Hh]er name is)"
    rf" (?:our guest |my friend )?{_NAME}"
)
_NOT_NAMES = frozenset(
    "I We You They The This That Today Welcome Thank Thanks So And But Glad Happy Sorry Not Just".split()
)
WITHIN = 40
"""Lines from the beginning in which people introduce each other; later, names are talk about others."""


def names_by_introduction(segments: Sequence[Segment]) -> dict[str, str]:
    """Return {speaker's label: name} for labels that introduce themselves or are welcomed by the one before.

    A label with two different names, and a name for two labels, is left alone.
    """
    claims: Counter[tuple[str, str]] = Counter()
    for number, segment in enumerate(segments[:WITHIN]):
        for match in _OWN.finditer(segment.text):
            if segment.author and (name := _clean(match["name"])):
                claims[segment.author, name] += 2
        for match in _GUEST.finditer(segment.text):
            guest = next((item.author for item in segments[number + 1 :] if item.author != segment.author), None)
            if guest and (name := _clean(match["name"])):
                claims[guest, name] += 1
    labels, names = Counter(label for label, _ in claims), Counter(name for _, name in claims)
    return {label: name for label, name in claims if labels[label] == 1 and names[name] == 1}


def _clean(name: str) -> str | None:
    words = name.rstrip(".,'’-").split()
    return " ".join(words) if words and words[0] not in _NOT_NAMES else None


def renamed(segments: Sequence[Segment], names: Mapping[str, str], *, how: str) -> list[Segment]:
    """Return the segments with names for labels, each marked with how its name was found."""
    return [
        replace(item, author=names[item.author], metadata={**item.metadata, "speaker_from": how})
        if item.author is not None and item.author in names
        else item
        for item in segments
    ]
