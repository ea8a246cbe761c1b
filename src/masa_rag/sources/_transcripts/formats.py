"""Which of the formats of transcripts a text is in."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from pathlib import Path

from masa_rag.errors import SourceFormatError
from masa_rag.sources._base import HEAD_BYTES
from masa_rag.sources._transcripts import chat, line21, pasted, players, sami, stamped, subtitles, table
from masa_rag.sources._transcripts import text as plain
from masa_rag.sources._transcripts.base import MAX_BYTES, Line, Parser, Transcript, decode
from masa_rag.sources._transcripts.vtt import looks_like_vtt, parse_vtt
from masa_rag.types import Segment

_BEFORE_JSON = BOM_UTF8 + BOM_UTF16_BE + BOM_UTF16_LE + b"\0 \t\r\n"


def is_transcript(path: Path, head: bytes) -> bool:
    """Say whether a file is a transcript, or a meeting's chat: by its beginning, and JSON by the whole of it."""
    is_json = head[:64].lstrip(_BEFORE_JSON)[:1] in (b"[", b"{")
    is_cut = len(head) >= HEAD_BYTES and not is_json
    whole_lines = head[: head.rfind(b"\n") + 1] or head if is_cut else head
    try:
        text = decode(whole_lines)
        if messages_in(text) is not None or format_of(text, whole=False) is not None:
            return True
        return is_json and _is_json_speech(path, text)
    except (OSError, SourceFormatError):
        return False


def messages_in(text: str) -> Callable[[str], list[Segment]] | None:
    """Return the parser for a meeting's chat or a table of messages, or None when it is neither."""
    if chat.looks_like_chat(text):
        return chat.parse_chat
    return table.parse_messages if table.looks_like_messages(text) else None


def _is_json_speech(path: Path, opening: str) -> bool:
    """Judge JSON whose turns come after 64 KB of text or settings, or under names that are used elsewhere too."""
    if _is_json_lines(opening) or not _SPOKEN.search(opening) or path.stat().st_size > MAX_BYTES:
        return False
    from masa_rag.sources._transcripts.json import is_surely_speech, load_json

    return is_surely_speech(load_json(decode(path.read_bytes())))


def format_of(text: str, *, whole: bool) -> Parser | None:
    """Return the parser for a transcript, or None when it is none.

    Args:
        text: The file's text, or its beginning.
        whole: Whether ``text`` is all of the file; JSON is judged by its opening otherwise.
    """
    for looks, parser in _FORMATS:
        if looks(text):
            return parser
    if _JSON.match(text):
        from masa_rag.sources._transcripts.json import parse_json

        return parse_json if _json_fits(text, whole=whole) else None
    return _markup(text, whole=whole) if text.lstrip()[:1] == "<" else None


_FORMATS: tuple[tuple[Callable[[str], bool], Parser], ...] = (
    (looks_like_vtt, parse_vtt),
    (subtitles.looks_like_srt, subtitles.parse_srt),
    (subtitles.looks_like_sbv, subtitles.parse_sbv),
    (subtitles.looks_like_ass, subtitles.parse_ass),
    (sami.looks_like_sami, sami.parse_sami),
    (line21.looks_like_scc, line21.parse_scc),
    (players.looks_like_players, players.parse_players),
    (players.looks_like_lrc, players.parse_lrc),
    (subtitles.looks_like_tsv, subtitles.parse_tsv),
    (subtitles.looks_like_labels, subtitles.parse_labels),
    (table.looks_like_spoken_table, table.parse_spoken_table),
    (pasted.looks_like_pasted, pasted.parse_pasted),
    (stamped.looks_like_stamped, stamped.parse_stamped),
    (plain.looks_like_named, plain.parse_named),
    (plain.looks_like_otter, plain.parse_otter),
    (plain.looks_like_beside, plain.parse_beside),
    (plain.looks_like_labelled, plain.parse_labelled),
)

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
"""How JSON with names or texts begins; ``[Music]`` and ``[00:00:05]`` are none."""

_SPOKEN = re.compile(
    r'"(?:text|word|words|transcript|transcripts|Transcript|audio_items|transcription|sentence|sentences|segments|results?|monologues|'
    r'recognizedPhrases|combinedRecognizedPhrases)"\s*:'
)
"""A name that is at the beginning of every answer of a speech service; what has none is not read to its end."""

_TURN = re.compile(
    r'\A\s*\[\s*\{(?=[^{}]*"speaker"\s*:)(?=[^{}]*"(?:text|content)"\s*:)'
    r'|"segments"\s*:\s*\[\s*\{[^{}\[\]]*"(?:startTime|start|speaker)"\s*:'
    r'|"utterances"\s*:\s*\[\s*\{|"meeting_transcripts"\s*:\s*\[|"tStartMs"\s*:',
)


def _json_fits(text: str, *, whole: bool) -> bool:
    """Judge JSON by its opening, or, when it is whole and short of evidence there, by its content."""
    if not whole or _is_json_lines(text):
        return bool(_TURN.search(text[:65_536])) and not _is_json_lines(text)
    from masa_rag.sources._transcripts.json import load_json, turns_of

    return turns_of(load_json(text)) is not None


def _is_json_lines(text: str) -> bool:
    """Say whether each line is an object of its own: many records, which is not one transcript."""
    first, _, rest = text.lstrip().partition("\n")
    return first.startswith("{") and first.rstrip().endswith("}") and rest.lstrip().startswith("{")


def _markup(text: str, *, whole: bool) -> Parser | None:
    from masa_rag.sources._transcripts import markup

    if markup.looks_like_ttml(text):
        return markup.parse_ttml
    if markup.looks_like_timed_text(text):
        return markup.parse_timed_text
    if markup.looks_like_cited(text):
        return markup.parse_cited
    rows = markup.rows_of_page(text)
    parser = format_of(rows, whole=whole) if rows and rows[0] != "<" else None
    return None if parser is None else lambda _: parser(rows)


def paragraphs(text: str) -> Transcript:
    """Read a transcript without speakers or times, of which somebody else says that it is one."""
    return Transcript([Line(" ".join(part.split())) for part in re.split(r"\n\s*\n", text) if part.strip()])
