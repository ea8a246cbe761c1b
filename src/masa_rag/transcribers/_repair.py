"""Near misses of a glossary in what a model wrote, judged by asking the model about the recording again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from masa_rag.transcribers._encoder import FRAMES_PER_S, LIMIT_S, encode, on_cpu
from masa_rag.transcribers._glossary import Glossary, Repair
from masa_rag.transcribers._windows import Word

PRIOR = 6.0
DISTANCE_COST = 15.0
HEARD_COST = 6.0
"""A term is written when gain + PRIOR >= DISTANCE_COST * distance + HEARD_COST * heard: the gain in log probability
(nats) of the text with the term over the text as heard, both given the sound and a prompt that names the terms;
how differently the two sound (0 to 1); and the lowest probability of the words as heard, without such a prompt.

Measured on 33 names (none of those the benchmark asks for) in 66 sentences spoken by espeak-ng with tiny.en: of all
triples tried, this one puts most right (26) with at most one change for the worse there and none in 40 ordinary
sentences, some made of words that sound like the names, and 78 prompts read by a person. At PRIOR 9 it is 35, with 2
and 3 changes for the worse, at PRIOR 3 it is 17 and none. With base right and wrong ones lie farther apart."""

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

        Windows that have candidates are listened to with the full 30 s: with tiny.en 24 of 35 missed names are put
        right so, 20 by the shorter input they were written from; with base 23 and 24 of 33.

        Args:
            features: The spectra of the windows, (mels, frames).
            tokenizer: Makes tokens of texts.
            words: What was written for each window.
        """
        result = [self._glossary.known("".join(word.text for word in items)) for items in words]
        for chosen, spectrum, items in zip(result, features, words, strict=True):
            if candidates := self._candidates(items):
                _choose(chosen, candidates, self._worth(spectrum, tokenizer, items, candidates))
        return [sorted(items, key=lambda item: item.start) for items in result]

    def _candidates(self, words: Sequence[Word]) -> list[Repair]:
        text = "".join(word.text for word in words)
        found = [item for item in self._glossary.near(text) if _heard(words, item) <= DOUBT]
        return sorted(found, key=lambda item: item.distance)[:TRIES]

    def _worth(self, spectrum: Any, tokenizer: Any, words: Sequence[Word], candidates: Sequence[Repair]) -> list[float]:
        """Return how far each candidate lies above what is needed, in nats."""
        terms = ", ".join(dict.fromkeys(item.meant for item in candidates))
        start = [tokenizer.sot_prev, *tokenizer.encode(f" {terms}"), *tokenizer.sot_sequence]
        texts = [[token for word in words for token in word.tokens]]
        texts += [_tokens(words, item, tokenizer) for item in candidates]
        as_heard, *others = self._support(spectrum, start, texts)
        return [
            other - as_heard + PRIOR - DISTANCE_COST * item.distance - HEARD_COST * _heard(words, item)
            for other, item in zip(others, candidates, strict=True)
        ]

    def _support(self, spectrum: Any, start: list[int], texts: list[list[int]]) -> list[float]:
        """Return the log probability of each text, given the sound and what was said before."""
        import numpy as np

        heard = encode(self._whisper, [spectrum], whole=True)
        encoded = type(heard).from_array(np.repeat(on_cpu(heard), len(texts), axis=0))
        frames = min(spectrum.shape[-1], int(LIMIT_S * FRAMES_PER_S))
        results = self._whisper.model.align(encoded, start, texts, [frames] * len(texts))
        return [sum(math.log(max(p, 1e-9)) for p in result.text_token_probs) for result in results]


def _choose(chosen: list[Repair], candidates: Sequence[Repair], worth: Sequence[float]) -> None:
    """Add the candidates that are worth it, the best first, where nothing is repaired yet.

    Of some of its words that mean the same term, those that sound most like it: a text that lost a word as well
    ("Nethermind" for "that never mind", not for "never mind") has less to explain by the sound, so its worth is more.
    """
    worthy = sorted(
        ((value, item) for value, item in zip(worth, candidates, strict=True) if value >= 0), key=lambda pair: -pair[0]
    )
    for _, best in worthy:
        within = [item for _, item in worthy if best.start <= item.start and item.end <= best.end]
        item = min((item for item in within if item.meant == best.meant), key=lambda item: item.distance)
        if not any(_overlap(item, other) for other in chosen):
            chosen.append(item)


def _overlap(one: Repair, other: Repair) -> bool:
    return one.start < other.end and other.start < one.end


def _tokens(words: Sequence[Word], item: Repair, tokenizer: Any) -> list[int]:
    """Return the tokens with one repair made; the other words keep those that the model wrote.

    A text made into tokens again can come out otherwise, and a model finds such tokens impossible.
    """
    position, tokens, changed = 0, list[int](), ""
    for word in words:
        start, position = position, position + len(word.text)
        if position <= item.start or start >= item.end:
            tokens += word.tokens
            continue
        if start <= item.start:
            changed = word.text[: item.start - start] + item.meant
        if position >= item.end:
            tokens += tokenizer.encode(changed + word.text[item.end - start :])
    return tokens


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
