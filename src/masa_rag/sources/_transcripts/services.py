"""What speech services and tools write as JSON: each shape becomes plain turns, in seconds.

The fields are those of the documentation of each: whisper.cpp, transformers and insanely-fast-whisper,
AssemblyAI, Deepgram, Gladia, Rev, Amazon Transcribe, Google, IBM and Azure Speech, Speechmatics, ElevenLabs, Vosk,
Fireflies, Sonix, Teams, Gong, tl;dv, Happy Scribe, Recall.ai, Supadata, DOTe, youtube-transcript(-api).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from masa_rag.sources._transcripts.answers import (
    END,
    LONGEST_WORD_S,
    SPEAKER,
    START,
    Turn,
    dig,
    first_of,
    moment_of,
    rows_at,
    turn_of,
)
from masa_rag.sources._transcripts.base import words_in

_TICKS_A_SECOND = 10_000_000


def service_turns(data: Any) -> list[Turn]:
    """Return the turns of a service's answer, words where it has nothing larger; none when it is no such answer."""
    for read in _READERS:
        turns = [turn for turn in read(data) if turn.get("text", "").strip()]
        if turns and all(isinstance(turn.get("start"), float) for turn in turns[:5]):
            return _by_channel(turns)
    return []


def is_by_channel(turns: Sequence[Turn]) -> bool:
    """Say whether each speaker has a channel, so that they may talk at once."""
    return all(turn.get("channel") is not None and turn.get("channel") == turn.get("speaker") for turn in turns)


def _by_channel(turns: list[Turn]) -> list[Turn]:
    """Take the channel for the speaker where there are several, and nobody is named or "0" in each of them."""
    channels, speakers = ({str(turn.get(key)) for turn in turns} for key in ("channel", "speaker"))
    if len(channels) < 2 or speakers not in ({"None"}, {"0"}):
        return turns
    return [{**turn, "speaker": turn.get("channel")} for turn in turns]


_PLACES = (
    ("data", "transcript", "sentences"),  # Fireflies' API
    ("transcript", "sentences"),
    ("result", "transcription", "utterances"),  # Gladia
    ("results", "utterances"),  # Deepgram
    ("results", "audio_segments"),  # Amazon
    ("result",),  # Vosk: words
    ("entries",),  # Teams
    ("lines",),  # DOTe
    ("data",),  # tl;dv
)
"""Where answers have rows of text with their times in seconds."""


def _placed(data: Any) -> Iterator[Turn]:
    yield from map(turn_of, next(filter(None, (rows_at(data, *keys) for keys in _PLACES)), []))


def _sentences(data: Any) -> Iterator[Turn]:
    """Read ``sentences`` or ``paragraphs``: AssemblyAI's in whole milliseconds, those of others in seconds."""
    rows = rows_at(data, "sentences") or rows_at(data, "paragraphs")
    milliseconds = all(isinstance(row.get("start"), int) for row in rows)
    for row in rows:
        yield turn_of(row, 1000.0 if milliseconds else 1.0)


def _words_of_turns(data: Any) -> Iterator[Turn]:
    """Read the words of a list of turns that have nothing else: Vosk's, Happy Scribe's, Recall.ai's."""
    for turn in data if isinstance(data, list) else ():
        speaker = dig(turn, "participant", "name") or (first_of(turn, SPEAKER) if isinstance(turn, dict) else None)
        for row in rows_at(turn, "words") or rows_at(turn, "result"):
            start, end = (first_of(row, (edge, f"data_{edge}", f"{edge}_timestamp")) for edge in ("start", "end"))
            start, end = (value.get("relative") if isinstance(value, dict) else value for value in (start, end))
            yield turn_of({**row, "speaker": speaker, "start": start, "end": end})


def _gong(data: Any) -> Iterator[Turn]:
    """Read the one call of Gong's answer; the clocks of several begin anew."""
    calls = rows_at(data, "callTranscripts")
    for turn in rows_at(calls[0], "transcript") if len(calls) == 1 else ():
        for row in rows_at(turn, "sentences"):
            yield turn_of({**row, "speaker": turn.get("speakerId")}, 1000.0)


def _offsets(data: Any) -> Iterator[Turn]:
    """Read YouTube's captions as youtube-transcript and Supadata give them: in seconds, or in thousandths."""
    rows = rows_at({"content": data} if isinstance(data, list) else data, "content")
    lasting = sum(moment_of(row.get("duration")) or 0.0 for row in rows)
    unit = 1000.0 if lasting > LONGEST_WORD_S * sum(words_in(str(row.get("text"))) for row in rows) else 1.0
    for row in rows:
        yield turn_of({**row, "start": row.get("offset")}, unit)


def _list(data: Any) -> Iterator[Turn]:
    """Read a bare list, as Fireflies, youtube-transcript-api and programs around faster-whisper write it."""
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
        data = data[0]  # the answer for a list of one video
    rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
    if all(first_of(row, ("duration", *END)) is not None and first_of(row, START) is not None for row in rows[:5]):
        yield from map(turn_of, rows)


def _whisper_cpp(data: Any) -> Iterator[Turn]:
    for row in rows_at(data, "transcription"):
        start, end = (moment_of(dig(row, "offsets", key), 1000.0) for key in ("from", "to"))
        yield {**turn_of(row), "start": start, "end": end}


def _chunks(data: Any) -> Iterator[Turn]:
    """Read the pipeline of transformers, with the speakers that insanely-fast-whisper adds."""
    for row in rows_at(data, "speakers") or rows_at(data, "chunks"):
        times = row.get("timestamp")
        if isinstance(times, list) and len(times) == 2:
            yield {**turn_of(row), "start": moment_of(times[0]), "end": moment_of(times[1])}


def _words(data: Any) -> Iterator[Turn]:
    """Read ``words``: AssemblyAI's in milliseconds; those of ElevenLabs and OpenAI in seconds."""
    milliseconds = isinstance(data, dict) and ("audio_url" in data or "acoustic_model" in data)
    for row in rows_at(data, "words"):
        if row.get("type") != "spacing":
            yield turn_of(row, 1000.0 if milliseconds else 1.0)


def _deepgram(data: Any) -> Iterator[Turn]:
    """Read the channels: paragraphs where there are some, else words."""
    channels = rows_at(data, "results", "channels")
    for number, channel in enumerate(channels):
        best = next(iter(rows_at(channel, "alternatives")), {})
        known = {"speaker": number, "channel": number} if len(channels) > 1 else {}
        for row in rows_at(best, "paragraphs", "paragraphs") or rows_at(best, "words"):
            said = " ".join(str(part.get("text", "")) for part in rows_at(row, "sentences"))
            turn = turn_of({**row, "text": said} if said else row)
            yield {**turn, **known}


def _rev(data: Any) -> Iterator[Turn]:
    names = {str(row.get("id")): row.get("name") for row in rows_at(data, "speakers")}
    for row in rows_at(data, "monologues"):
        parts = rows_at(row, "elements")
        starts, ends = (
            [moment_of(value) for part in parts if (value := first_of(part, keys)) is not None]
            for keys in (("ts", "timestamp"), ("end_ts", "end_timestamp"))
        )
        yield {
            "text": "".join(str(part.get("value", "")) for part in parts),
            "speaker": names.get(str(row.get("speaker"))) or row.get("speaker"),
            "start": starts[0] if starts else None,
            "end": ends[-1] if ends else None,
        }


def _spoken_items(data: Any) -> Iterator[Turn]:
    """Read words one by one, marks as rows of their own: Amazon Transcribe and Speechmatics."""
    rows = _amazon_items(data) or rows_at(data, "results")
    pieces = (
        piece for row in rows_at(data, "results", "speaker_labels", "segments") for piece in rows_at(row, "items")
    )
    speakers = {str(piece.get("start_time")): piece.get("speaker_label") for piece in pieces}
    last: dict[str, Any] | None = None
    for row in rows:
        best = next(iter(rows_at(row, "alternatives")), {})
        if not isinstance(best.get("content"), str):
            continue
        if row.get("type") == "punctuation":
            if last is not None:
                last["text"] += best["content"]
            continue
        if last is not None:
            yield last
        speaker = {"speaker": first_of(row, SPEAKER) or best.get("speaker") or speakers.get(str(row.get("start_time")))}
        last = dict(turn_of({**row, **speaker, "text": best["content"]}))
    if last is not None:
        yield last


def _amazon_items(data: Any) -> list[dict[str, Any]]:
    """Return Amazon's words, those of a channel together: a mark belongs to the word of its channel before it."""
    items = rows_at(data, "results", "items")
    channels = {str(row.get("channel_label")): row for row in rows_at(data, "results", "channel_labels", "channels")}
    if channels and not any("channel_label" in item for item in items):
        items = [{**item, "channel_label": name} for name, row in channels.items() for item in rows_at(row, "items")]
    return sorted(items, key=lambda item: str(item.get("channel_label")))


def _calls(data: Any) -> Iterator[Turn]:
    """Read Amazon's analytics of calls, and its Data Automation."""
    for row in rows_at(data, "Transcript"):
        edges = {edge: row.get(f"{name}OffsetMillis") for edge, name in (("start", "Begin"), ("end", "End"))}
        yield turn_of({"text": row.get("Content"), "speaker": row.get("ParticipantRole"), **edges}, 1000.0)
    for row in rows_at(data, "audio_segments"):
        edges = {edge: row.get(f"{edge}_timestamp_millis") for edge in ("start", "end")}
        yield turn_of({"text": row.get("text"), "speaker": dig(row, "speaker", "speaker_label"), **edges}, 1000.0)


def _google(data: Any) -> Iterator[Turn]:
    """Read the results of Google Speech; who speaks stands at the words of each, or of the last, which has them all."""
    best = [next(iter(rows_at(row, "alternatives")), {}) for row in rows_at(data, "results")]
    spoken = [rows_at(found, "words") for found in best]
    labelled = [words for words in spoken if any("speakerTag" in word or "speakerLabel" in word for word in words)]
    if labelled:
        first, last = (_from_zero(words[0])["start"] for words in (labelled[0], labelled[-1]))
        for words in labelled[-1:] if first == last else labelled:
            yield from map(_from_zero, words)
        return
    before: float | None = 0.0
    for row, found in zip(rows_at(data, "results"), best, strict=True):
        end = moment_of(first_of(row, ("resultEndTime", "result_end_time", "resultEndOffset", "result_end_offset")))
        if words := rows_at(found, "words"):
            yield {**turn_of(found), "start": _from_zero(words[0])["start"], "end": turn_of(words[-1])["end"]}
        elif end is not None:  # where nobody asked for the times of words, it is known only when each result ends
            yield {**turn_of(found), "start": before, "end": end}
        before = end


def _ibm(data: Any) -> Iterator[Turn]:
    """Read the words of IBM Watson, ``[word, start, end]``; who says which stands in a list of its own."""
    speakers = {moment_of(row.get("from")): row.get("speaker") for row in rows_at(data, "speaker_labels")}
    for row in rows_at(data, "results"):
        times = next(iter(rows_at(row, "alternatives")), {}).get("timestamps")
        for word in times if isinstance(times, list) else ():
            if isinstance(word, list) and len(word) == 3:
                start, end = map(moment_of, word[1:])
                yield {"text": str(word[0]), "start": start, "end": end, "speaker": speakers.get(start)}


def _from_zero(word: Mapping[str, Any]) -> Turn:
    """Return a word of Google's, which leaves out a start at the very beginning."""
    turn = turn_of(word)
    return {**turn, "start": 0.0} if turn["start"] is None and turn["end"] is not None else turn


def _azure(data: Any) -> Iterator[Turn]:
    """Read phrases: those of batches count in ticks, those of fast transcription in milliseconds."""
    for key, name, unit in (("recognizedPhrases", "InTicks", _TICKS_A_SECOND), ("phrases", "Milliseconds", 1000)):
        for row in rows_at(data, key):
            start, length = (moment_of(row.get(f"{part}{name}"), unit) for part in ("offset", "duration"))
            end = None if start is None or length is None else start + length
            best = next(iter(rows_at(row, "nBest")), row)
            yield {**turn_of({**row, "text": best.get("display", best.get("text"))}), "start": start, "end": end}


_READERS: tuple[Callable[[Any], Iterator[Turn]], ...] = (
    _placed, _sentences, _list, _words_of_turns, _gong, _offsets,
    _whisper_cpp, _chunks, _deepgram, _rev, _spoken_items, _calls, _google, _ibm, _azure, _words,
)  # fmt: skip
"""The larger pieces first: many answers have their words a second time, one by one."""
