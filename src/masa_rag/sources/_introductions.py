"""Names of speakers from what is said: "my name is Ada", "please welcome Ben Ito"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from masa_rag.types import Segment

_TITLE = r"(?:(?:Dr|Doctor|Prof|Professor|Mr|Mrs|Ms)\.? )*"
_CAPITAL = f"[{''.join(letter for letter in map(chr, range(0x250)) if letter.isupper())}]"
_NAME = rf"{_TITLE}(?P<name>{_CAPITAL}[\w'’-]+(?: (?:(?:de|da|van|von|der|la) )*{_CAPITAL}(?:\.|[\w'’-]*)){{0,3}})"
_OWN = re.compile(
    r"(?:\b[Mm]y name(?:'s|’s| is)|\b[Tt]his is your host,?|\b[Ii]'m your host,?|\b[Yy]our host(?: is)?,?"
    rf"|^(?P<am>I(?:'m|’m| am))) {_NAME}"
)
_GUEST = re.compile(
    r"(?:\b[Pp]lease welcome|\b[Ww]elcome to the (?:show|podcast|program),|\b[Mm]y guest (?:today )?is"
    r"|(?P<later>(?:['’]ll|\b[Ww]ill|\bgoing to) (?:\w+ )?be )?(?<!\bis )(?<!\bwas )(?<!\bwere )\b[Jj]oined"
    r" (?:today )?by"
    r"|\bI'm here with|\bhere with me is)"
    rf" (?:our guest |my friend )?{_NAME}"
)
_SEVERAL = re.compile(rf",? and (?!I\b){_CAPITAL}")
_DESCRIBES = re.compile(
    r" (?!(?:again|and|as|at|back|but|from|here|in|is|of|on|or|the|this|to|today|who|whom|with)\b)[^\W\d_]"
)
"""One word and another that belongs to it: "Nobel laureate Ada Park"."""
_CROWD = re.compile(r" (?:everybody|everyone|family|fans|folks|friends|listeners|members|people|subscribers|viewers)\b")
_NOT_NAMES = frozenset(
    """I We You They The This That Today Welcome Thank Thanks So And But Glad Happy Sorry Not Just Doctor Everybody
    Everyone Folks Friends Dr Prof Professor Mr Mrs Ms African American Asian Australian British Canadian Catholic
    Chinese Democrat Dutch English European French German Greek Hindu Indian Irish Italian Japanese Jewish Korean
    Mexican Muslim Polish Protestant Republican Russian Spanish Swedish Swiss Turkish Ukrainian Vegan""".split()
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
            if segment.author and (name := _name(match)) and (not match["am"] or _is_sure(name, segment, segments)):
                claims[segment.author, name] += 2
        for match in _GUEST.finditer(segment.text):
            guest = next((item.author for item in segments[number + 1 :] if item.author != segment.author), None)
            if guest and not match["later"] and _is_whole(match) and (name := _name(match)):
                claims[guest, name] += 1
    labels, names = Counter(label for label, _ in claims), Counter(name for _, name in claims)
    return {label: name for label, name in claims if labels[label] == 1 and names[name] == 1}


def _name(match: re.Match[str]) -> str | None:
    """Return the name that was found, or None when it is none: a common word, or the name of another.

    That may be a show ("Hard Fork fans"), or somebody whom the speaker belongs to ("Ada Park's lawyer").
    """
    words = match["name"].rstrip(".,'’-").split()
    other = _CROWD.match(match.string, match.end()) or any(word.endswith(("'s", "’s")) for word in words)
    return " ".join(words) if words and words[0] not in _NOT_NAMES and not other else None


def _is_whole(match: re.Match[str]) -> bool:
    """Say whether all of a guest's name was found, and of several who are welcomed, who is next."""
    one_word = " " not in match["name"]
    text, end = match.string, match.end()
    return not _SEVERAL.match(text, end) and not (one_word and _DESCRIBES.match(text, end))


def _is_sure(name: str, said: Segment, segments: Sequence[Segment]) -> bool:
    """Say whether "I'm X" tells a name: it has two words, or another line has it; "I'm Vegan" says what I am."""
    others = (item.text for item in segments if item is not said)
    return " " in name or any(re.search(rf"\b{re.escape(name)}\b", text) for text in others)


def renamed(segments: Sequence[Segment], names: Mapping[str, str], *, how: str) -> list[Segment]:
    """Return the segments with names for labels, each marked with how its name was found."""
    return [
        replace(item, author=names[item.author], metadata={**item.metadata, "speaker_from": how})
        if item.author is not None and item.author in names
        else item
        for item in segments
    ]
