"""Near misses of a glossary in what a model wrote, judged by asking the model about the recording again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from masa_rag.transcribers._encoder import FRAMES_PER_S, LIMIT_S, encode, on_cpu
from masa_rag.transcribers._glossary import Glossary, Repair
from masa_rag.transcribers._windows import Word

PRIOR = 7.0
DISTANCE_COST = 15.0
HEARD_COST = 6.0
"""A term is written when gain + PRIOR >= DISTANCE_COST * distance + HEARD_COST * heard: the gain in log probability
(nats) of the text with the term over the text as heard, both given the sound and a prompt that names the terms;
how differently the two sound (0 to 1); and the lowest probability of the words as heard, without such a prompt.

Measured on 33 names (none of those the benchmark asks for) in 66 sentences spoken by espeak-ng with tiny.en, on 30 s:
31 put right and none changed for the worse, 2 changes for the worse in 40 sentences of words that sound like the names,
none in 75 prompts read by a person. At PRIOR 9 it is 33, with 0, 4 and 1 changes for the worse, at PRIOR 6 28 with 0, 2
and 0; other costs were no better. With base right and wrong ones lie farther apart."""

DOUBT = 0.8
"""Spans whose every word the model was surer of are left alone: the missed names had 0.55 at most."""

TRIES = 20
"""Candidates of one window that are listened for, the nearest in sound first."""


class Repairer:
    """Puts near misses right where the recording agrees.

    Args:
        whisper: A loaded ``faster_whisper.WhisperModel``.
        glossary: The terms.
    """

    def __init__(self, whisper: Any, glossary: Glossary) -> None:
        self._whisper = whisper
        self._glossary = glossary

    def repairs(self, features: Sequence[Any], tokenizer: Any, words: Sequence[list[Word]]) -> list[list[Repair]]:
        """Return the repairs of each window, in order and not overlapping, by places in its joined words.

        Windows that have candidates are listened to with the full 30 s, also those that were written from less: of the
        names missed then tiny.en put 24 of 35 right so, 20 by the shorter input, and base 23 and 24 of 33.

        Args:
            features: The spectra of the windows, (mels, frames).
            tokenizer: Makes tokens of texts.
            words: What was written for each window.
        """
        result = [self._glossary.known("".join(word.text for word in items)) for items in words]
        for chosen, spectrum, items in zip(result, features, words, strict=True):
            candidates = [item for item in self._candidates(items) if not item.overlaps(chosen)]
            if candidates:
                self._add(chosen, candidates, items, tokenizer, spectrum)
        return [sorted(items, key=lambda item: item.start) for items in result]

    def _candidates(self, words: Sequence[Word]) -> list[Repair]:
        text = "".join(word.text for word in words)
        found = [item for item in self._glossary.near(text) if _heard(words, item) <= DOUBT]
        return sorted(found, key=lambda item: item.distance)[:TRIES]

    def _add(
        self, chosen: list[Repair], candidates: list[Repair], words: Sequence[Word], tokenizer: Any, spectrum: Any
    ) -> None:
        """Add the candidates that are worth it to what is chosen, the best first, each beside those before it.

        Alone a second term may be worth it only because the words that it would replace belong to the first: "now that"
        became "Nethermind" in "now that you and the swap", but not before "Uniswap".
        """
        terms = ", ".join(dict.fromkeys(item.meant for item in candidates))
        start = [tokenizer.sot_prev, *tokenizer.encode(f" {terms}"), *tokenizer.sot_sequence]
        sound = encode(self._whisper, [spectrum], whole=True)
        frames = min(spectrum.shape[-1], int(LIMIT_S * FRAMES_PER_S))
        while candidates:
            texts = [chosen, *([*chosen, item] for item in candidates)]
            before, *after = self._support(sound, frames, start, [_tokens(words, item, tokenizer) for item in texts])
            worth = [
                support - before + PRIOR - DISTANCE_COST * item.distance - HEARD_COST * _heard(words, item)
                for support, item in zip(after, candidates, strict=True)
            ]
            worthy = [(value, item) for value, item in zip(worth, candidates, strict=True) if value >= 0]
            if worthy:
                chosen.append(_best(worthy))
            candidates = [item for _, item in worthy if not item.overlaps(chosen)]

    def _support(self, sound: Any, frames: int, start: list[int], texts: list[list[int]]) -> list[float]:
        """Return the log probability of each text, given the encoded sound and what was said before."""
        import numpy as np

        encoded = type(sound).from_array(np.repeat(on_cpu(sound), len(texts), axis=0))
        results = self._whisper.model.align(encoded, start, texts, [frames] * len(texts))
        return [sum(math.log(max(p, 1e-9)) for p in result.text_token_probs) for result in results]


def _best(worthy: Sequence[tuple[float, Repair]]) -> Repair:
    """Return the candidate that is worth most; of its words that mean the same term, those that sound most like it.

    A text that lost a word as well ("Nethermind" for "that never mind", not for "never mind") has less to explain by
    the sound, so its worth is more.
    """
    _, best = max(worthy, key=lambda pair: pair[0])
    within = [item for _, item in worthy if best.start <= item.start and item.end <= best.end]
    return min((item for item in within if item.meant == best.meant), key=lambda item: item.distance)


def _tokens(words: Sequence[Word], repairs: Sequence[Repair], tokenizer: Any) -> list[int]:
    """Return the tokens with repairs made; the other words keep those that the model wrote.

    A text made into tokens again can come out otherwise, and a model finds such tokens impossible.
    """
    ordered = sorted(repairs, key=lambda item: item.start)
    return [token for word in replaced(words, ordered) for token in word.tokens or tokenizer.encode(word.text)]


def _heard(words: Sequence[Word], item: Repair) -> float:
    """Return the lowest probability of the words that a candidate would replace."""
    position, lowest = 0, 1.0
    for word in words:
        start, position = position, position + len(word.text)
        if start < item.end and position > item.start:
            lowest = min(lowest, word.confidence)
    return lowest


def replaced(words: Sequence[Word], repairs: Sequence[Repair]) -> list[Word]:
    """Return the words with the repairs made; a repair's words become one, with the time of all."""
    result: list[Word] = []
    position = 0
    pending = list(repairs)
    for word in words:
        start, position = position, position + len(word.text)
        while pending and pending[0].end <= start:
            pending.pop(0)
        if not pending or pending[0].start >= position:
            result.append(word)
            continue
        item = pending[0]
        if start <= item.start:
            before, after = word.text[: item.start - start], word.text[max(item.end - start, 0) :]
            result.append(Word(before + item.meant + after, word.start, word.end, word.confidence))
        else:
            last = result[-1]
            rest = word.text[max(item.end - start, 0) :]
            result[-1] = Word(last.text + rest, last.start, word.end, min(last.confidence, word.confidence))
    return result
