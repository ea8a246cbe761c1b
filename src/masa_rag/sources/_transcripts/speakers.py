"""Who speaks, where a transcript says it in its words: ``Name: what was said``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from masa_rag.sources._transcripts.base import (
    UNKNOWN_SPEAKER,
    Caption,
    Line,
    Transcript,
    fold_rolling,
    in_time,
    line_of,
    with_ends,
)

_CHANGE = re.compile(r">>+\s*")
"""How captions of broadcasts mark that somebody else speaks."""
_DASH = re.compile(r"[-–—‐]\s*(?=\S)")
"""How captions mark that each row is somebody's."""
_PICTURES = r"[\U0001f000-\U0001faff\ufe0f\u200d]+ ?"
LETTER = rf"(?:{_PICTURES})?[^\W\d_]"
"""How a name begins; a picture may stand before it."""
CALLER = r"(?!\d{4}-)\+?\d[\d ()*-]{4,17}\d"
"""Who calls in has a number, in which Zoom puts stars."""
_CALLS = re.compile(rf"(?!\d+\Z){CALLER}")
_LABEL = re.compile(
    rf"(?P<name>(?:{LETTER}[^:：<>\[\]{{}}\n]{{0,47}}?(?: ?\[[^:：<>\[\]{{}}\n]{{1,24}}\])?|{CALLER}))"
    r"\s*(?::\s+|：\s*)(?P<text>\S.*)",
    re.DOTALL,
)
NUMBERED = (
    r"(?:(?:Speaker|SPEAKER|Spk)(?:[ _]?[A-Z]{0,2}\d{1,3}|[ _](?:[A-Z]{1,2}|UNKNOWN))|"
    r"Speaker (?:[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Uu]nknown))"
)
_WORDY = re.compile(NUMBERED)
_DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks of the direction of writing, which stand around names in Hebrew and Arabic."""
_BRACKETED = re.compile(
    rf"\[(?P<name>[^\W\d_][^\[\]:<>\n]{{0,47}}(?=\]\s*:)|{NUMBERED})\]\s*:?\s+(?P<text>\S.*)", re.DOTALL
)
"""WhisperX writes ``[SPEAKER_00]: text``, recorders ``[Speaker 1] text``."""
_BOLD = re.compile(r"\*\*(?P<name>[^\W\d_][^:*<>\[\]{}\n]{0,47}?)\s*(?::\s*\*\*|\*\*\s*:)\s*(?P<text>\S.*)", re.DOTALL)
_PARTICLES = frozenset(["al", "and", "bin", "da", "de", "del", "den", "der", "di", "el", "of", "the", "van", "von"])
_PHRASES = frozenset(
    """address agenda also answer answers attendees attention author but careful caution chapter city comment
    company conclusion content copyright country date description disclaimer duration email example examples
    exercise fact file filename files finally first format fourth friday here hint homework http https imagine
    important keywords lastly length licence license link listen location look meaning meeting message monday name
    next note notes now participants phone port problem question questions reason remember reminder result rule
    saturday second size so solution source speakers start status step subject summary sunday tags text therefore
    third thursday time timestamp tip tips title today tomorrow topic transcript translation tuesday type update url
    version warning watch wednesday yesterday
    例如 备注 地址 姓名 日期 时间 标题 注意 电话""".split()
)
"""Words before a colon that name nobody ("Meeting title"). No word that is a name too: "May" and "Mark" may speak."""
_MEDIA = frozenset(["audio", "recording", "video"])
"""What is played in a talk speaks; "Recording date" does not."""
_BEHIND_NAME = re.compile(r"\s*([(\[]([^()\[\]]+)[)\]])$")
_MANNERS = frozenset(
    """chuckles, chuckling, cont'd, continued, continuing, cont’d, cough, coughing, coughs, cries, crosstalk, crying,
    giggles, giggling, inaudible, interjects, interjecting, interrupting, interrupts, joking, lacht, laughing, laughs,
    laughter, loudly, muttering, mutters, off camera, off mic, off screen, off-camera, off-mic, off-screen, o.s.,
    on phone, on radio, on tv, on the phone, over phone, over radio, over the phone, quietly, shouting,
    shouts, sighing, sighs, singing, sings, smiles, smiling, softly, v.o., voice over, voice-over, voiceover,
    whispering, whispers, yelling, yells""".replace("\n   ", "").split(", ")
)
"""How somebody speaks: ``Mara (laughing):`` is Mara."""
_COUNTED = re.compile(
    r"([^\W\d_]+)[ _](?:([A-Z])|\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)", re.IGNORECASE
)
_NAMELESS = frozenset(
    """attendee caller female guest host interviewee interviewer male man moderator panelist participant person
    respondent speaker spk student user voice witness woman befragte befragter entrevistada entrevistado
    entrevistador hablante interlocuteur interlocutor interlocutore intervenant intervenante intervistatore
    locuteur locutor mówca oratore orador orateur parlante participante sprecher sprecherin spreker talare taler
    teilnehmer teilnehmerin голос говорящий спикер участник 发言人 参会人 说话人 講者 話者 참석자 화자""".split()
)
"""What people are called with a number where their names are not known, in the languages of recorders."""
_THINGS = frozenset(
    """answer appendix box case chapter choice class day episode exhibit figure group item lesson level method model
    number option part phase plan point product question rule scenario section stage step team type variant version
    vitamin way week""".split()
)
_IN_BRACKETS = re.compile(r"[-–—‐]\s*\[(?P<name>[^\W\d_][^\[\]:<>\n]{0,47})\]\s+(?P<text>\S.*)", re.DOTALL)
"""``- [Narrator] text``, as captions have it that a service's typists made."""
_OPENING = re.compile(r"[\[(](?P<name>[^\W\d_][^\[\]():<>\n]{0,47})[\])]\s+(?P<text>\S.*)", re.DOTALL)
_SOUNDS = _MANNERS | frozenset("applause beep beeping bell cheering gasp gasps groans music silence static".split())
_SOUND = re.compile(r"(?:[\[(*♪][^\[\]()*♪]*[\])*♪]\s*)+")
"""``[Music]``: nothing is said."""
_GOES_ON = re.compile(r"[\w,;:]\s*\Z")
_TURNS_TAKEN = 4


def split_label(text: str) -> tuple[str | None, str]:
    """Split ``Name: what was said``, also ``[SPEAKER_00]: text``, ``**Name:** text`` and ``>> NAME: text``.

    The name is None when there is no label, or one that names nobody ("Note"). How it was said is kept with the words.
    """
    match = _label(text)
    if match is None or _is_phrase(name := match["name"].strip(_DIRECTIONS + " ")):
        return None, text
    behind, said = _BEHIND_NAME.search(name), match["text"].strip()
    if behind and behind[2].lower() in _MANNERS:
        return name[: behind.start()], f"{behind[1]} {said}"
    return name, said


def is_field(text: str) -> bool:
    """Say whether a row begins with a word that names nobody, as "Date: Monday" does."""
    match = _label(text)
    return match is not None and _is_phrase(match["name"].strip(_DIRECTIONS + " "))


def _label(text: str) -> re.Match[str] | None:
    said = _CHANGE.sub("", text, count=1) if text.startswith(">>") else text
    said = said.lstrip(_DIRECTIONS)
    return _LABEL.fullmatch(said) or _BRACKETED.fullmatch(said) or _BOLD.fullmatch(said)


def _is_phrase(label: str) -> bool:
    counted, words = _COUNTED.fullmatch(label), label.lower().split()
    return _PHRASES.issuperset({*words} - _MEDIA if len(words) > 1 else words) or bool(
        counted and counted[1].lower() in _THINGS
    )


def is_numbered(label: str) -> bool:
    """Say whether a label is one that a diarizer gives: ``Speaker 1``, ``SPEAKER_00``."""
    return bool(_WORDY.fullmatch(label))


def looks_like_name(label: str) -> bool:
    """Say whether a label reads as a person's: at most five words, each with a capital or a particle.

    Letters of scripts without capitals count as such, and so does the number of who calls in.
    """
    counted = _COUNTED.fullmatch(label)
    if is_numbered(label) or (counted and counted[1].lower() in _NAMELESS) or _CALLS.fullmatch(label):
        return True
    words = re.sub(_PICTURES, "", label).split()
    if not 0 < len(words) <= 5 or _is_phrase(label) or (counted and not counted[2]):
        return False
    return _is_capital(words[0][0]) and all(
        _is_capital(word[0]) or word[0] in "([|&-" or word in _PARTICLES for word in words
    )


def _is_capital(letter: str) -> bool:
    return letter.isalpha() and not letter.islower()


def _is_doubtful(label: str) -> bool:
    """Say whether a label must come twice to be believed: "Anna B" may be "Rope B", and no capital tells a name."""
    counted = _COUNTED.fullmatch(label)
    return not label[0].isupper() or (counted is not None and counted[1].lower() not in _NAMELESS)


def transcript_of(captions: Sequence[Caption]) -> Transcript:
    """Return captions as lines with speakers, in the order of their times, each row said once."""
    return Transcript(assign_speakers(with_ends(in_time(fold_rolling(captions)))))


def assign_speakers(captions: Sequence[Caption]) -> list[Line]:
    """Return the lines of captions, ``Name:`` moved from the text into ``speaker`` where it is used as such.

    A caption in which several people speak becomes a line each, all with its times. In a file that labels four
    captions in five (Zoom writes "stokes: gm") any label is taken. In one that labels changes of speaker only,
    labels must read as names and be used as in a dialogue; they hold until the next.
    """
    captions = _out_of_brackets(captions)
    if any(caption.speaker for caption in captions):
        return [line_of(caption) for caption in captions]
    first = [label for caption in captions if (label := _label_at(caption.rows, 0))]
    each = bool(first) and 5 * len(first) >= 4 * len(captions) and len(set(first)) <= max(2, len(first) // 2, 8)
    found = [_names(caption) for caption in captions]
    known = {*first, *chain(*found)} if each else _speakers(captions, found)
    turns = [turn for caption in captions for turn in _turns(caption, known)]
    return [line for line in (turns if each else _carried(turns)) if line.text]  # ">>" may end a caption


def _out_of_brackets(captions: Sequence[Caption]) -> Sequence[Caption]:
    """Return captions with ``[Mara] text`` taken apart, where nearly each begins so: a sound stands here and there."""
    found = [_OPENING.fullmatch(caption.text) for caption in captions]
    names = [match["name"] for match in found if match and looks_like_name(match["name"])]
    if not names or 5 * len(names) < 4 * len(captions) or len(set(names)) > max(2, len(names) // 2):
        return captions
    return [
        replace(caption, rows=[match["text"]], speaker=match["name"]) if match and match["name"] in names else caption
        for caption, match in zip(captions, found, strict=True)
    ]


def _label_at(rows: Sequence[str], number: int) -> str | None:
    """Return the label that opens a row; what is said may begin in the row below."""
    label, _ = _split_row(" ".join(rows[number : number + 2]))
    return label if label and label in rows[number] else None


def _split_row(text: str) -> tuple[str | None, str]:
    """Split the row of a caption, before whose label may be a dash; behind one it may stand in brackets."""
    match = _IN_BRACKETS.fullmatch(text)
    if match and looks_like_name(match["name"]) and match["name"].lower() not in _SOUNDS:
        return match["name"], match["text"]
    label, said = split_label(_DASH.sub("", text, count=1) if _DASH.match(text) else text)
    return label, said if label else text


def _names(caption: Caption) -> list[str]:
    """Return the labels of a caption that read as names; the row above one ends a sentence."""
    rows = caption.rows
    begins = [number for number in range(len(rows)) if number == 0 or not _GOES_ON.search(rows[number - 1])]
    return [label for number in begins if (label := _label_at(rows, number)) and looks_like_name(label)]


def _speakers(captions: Sequence[Caption], found: Sequence[Sequence[str]]) -> set[str]:
    """Return the labels that are speakers, where captions without one continue the turn before.

    Args:
        captions: All captions of the file.
        found: The labels of each caption that read as names.
    """
    counts = Counter(chain(*found))
    repeated = {label for label, count in counts.items() if count > 1}
    names = {label for label in counts if label in repeated or not _is_doubtful(label)}
    if repeated and all(label.isupper() for label in repeated):
        names = {label for label in names if label.isupper()}  # the others are words of those in capitals
    spoken = (labels for caption, labels in zip(captions, found, strict=True) if not _SOUND.fullmatch(caption.text))
    opens = bool(next(spoken, ()))
    order = [label for label in chain(*found) if label in names]
    dialogue = _is_dialogue(order, len(captions), opens=opens)
    return {label for label in names if dialogue or is_numbered(label)}


def _is_dialogue(labels: Sequence[str], captions: int, *, opens: bool) -> bool:
    """Say whether labels are used as in a dialogue, where "Lisbon: a city of ropes" in a lecture is not.

    Two people or more open the file, or are named often, or take turns. One alone must be named more than once,
    and in the first caption or in half of them.
    """
    counts = Counter(labels)
    if len(counts) < 2:
        return len(labels) > 1 and (opens or 2 * len(labels) >= captions)
    changes = sum(before != after for before, after in pairwise(label for label in labels if counts[label] > 1))
    return opens or 3 * len(labels) >= captions or (changes >= _TURNS_TAKEN and 40 * len(labels) >= captions)


def _turns(caption: Caption, known: set[str]) -> Iterator[Line]:
    """Yield a line a turn: a row that opens with a known label begins one, or says that somebody else speaks."""
    rows = caption.rows
    changes = _changes(rows) if known else set()
    begins = [n for n in range(len(rows)) if n == 0 or n in changes or _label_at(rows, n) in known]
    for begin, end in pairwise([*begins, len(rows)]):
        line = line_of(replace(caption, rows=rows[begin:end]))
        if _label_at(rows, begin) in known:
            name, text = _split_row(line.text)
        elif begin in changes:
            name, text = UNKNOWN_SPEAKER, _CHANGE.sub("", line.text, count=1)
        else:
            name, text = None, line.text
        yield replace(line, text=text, speaker=name)


def _changes(rows: Sequence[str]) -> set[int]:
    """Return the rows that say that somebody else speaks; dashes do where the first row has one, and another."""
    dashes = {number for number, row in enumerate(rows) if _DASH.match(row)}
    arrows = {number for number, row in enumerate(rows) if row.startswith(">>")}
    return arrows | dashes if len(dashes) > 1 and 0 in dashes else arrows


def _carried(lines: Iterable[Line]) -> Iterator[Line]:
    current = None
    for line in lines:
        current = line.speaker or current
        yield replace(line, speaker=current)
