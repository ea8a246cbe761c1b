"""One batch of windows through a loaded Whisper model: encode, write, check, time the words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from masa_rag.transcribers import _guards as guards
from masa_rag.transcribers._encoder import FRAMES_PER_S, LIMIT_S, encode, rows_of, shortened
from masa_rag.transcribers._glossary import Glossary
from masa_rag.transcribers._repair import Repairer, replaced
from masa_rag.transcribers._windows import Word


@dataclass(slots=True)
class Heard:
    """What the model wrote for one window."""

    tokens: list[int]
    text: str
    log_probability: float
    no_speech: float
    words: list[Word] = field(default_factory=list)

    @property
    def confidence(self) -> float:
        """Mean probability of a token, from 0 to 1."""
        return math.exp(min(self.log_probability, 0.0))


class Engine:
    """Runs batches on a loaded ``faster_whisper.WhisperModel``.

    Args:
        whisper: The model.
        tokenizers: Makes a faster-whisper tokenizer for a language code.
        suppressed: Makes the list of tokens never written, for a tokenizer.
        beam_size: Hypotheses kept while decoding.
        glossary: Terms whose near misses are put right; None for none.
    """

    def __init__(
        self, whisper: Any, *, tokenizers: Any, suppressed: Any, beam_size: int, glossary: Glossary | None
    ) -> None:
        self._whisper = whisper
        self._make_tokenizer = tokenizers
        self._suppressed = suppressed
        self._beam_size = beam_size
        self._repairer = Repairer(whisper, glossary) if glossary else None
        self._tokenizers: dict[str, Any] = {}

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer of a language, made once."""
        if language not in self._tokenizers:
            self._tokenizers[language] = self._make_tokenizer(language)
        return self._tokenizers[language]

    def run(
        self, features: Sequence[Any], languages: Sequence[str | None], *, is_padded: bool = False
    ) -> list[tuple[str, Heard]]:
        """Return (language, what was heard) for each window; a language of None is detected.

        ``is_padded`` says that the model hears 30 s, silence after the window, instead of the window's own length.
        Several threads may ask at once.
        """
        encoded = encode(self._whisper, features, whole=is_padded)
        spoken = self._languages(encoded, languages)
        heard = self._write(encoded, spoken)
        self._again(features, spoken, heard, is_padded)
        for item in heard:
            self._judge(item)
        for language in dict.fromkeys(spoken):
            rows = [row for row, item in enumerate(spoken) if item == language]
            if any(heard[row].tokens for row in rows):
                own = [features[row] for row in rows]
                self._time(rows_of(encoded, rows), own, self.tokenizer(language), [heard[row] for row in rows])
        return list(zip(spoken, heard, strict=True))

    def _languages(self, encoded: Any, given: Sequence[str | None]) -> list[str]:
        if not self._whisper.model.is_multilingual:
            return ["en"] * len(given)
        if all(language is not None for language in given):
            return [language or "en" for language in given]
        found = self._whisper.model.detect_language(encoded)
        return [language or options[0][0][2:-2] for language, options in zip(given, found, strict=True)]

    def _write(self, encoded: Any, languages: Sequence[str], *, strict: bool = False) -> list[Heard]:
        """Let the model write; ``strict`` forbids it to repeat three words."""
        tokenizers = [self.tokenizer(language) for language in languages]
        prompts = [self._whisper.get_prompt(item, [], without_timestamps=True) for item in tokenizers]
        results = self._whisper.model.generate(
            encoded,
            prompts,
            beam_size=max(self._beam_size, 2) if strict else self._beam_size,
            max_length=self._whisper.max_length,
            suppress_blank=True,
            suppress_tokens=list(self._suppressed(tokenizers[0])),
            return_scores=True,
            return_no_speech_prob=True,
            repetition_penalty=1.1 if strict else 1.0,
            no_repeat_ngram_size=3 if strict else 0,
        )
        return [_heard(result, tokenizer) for result, tokenizer in zip(results, tokenizers, strict=True)]

    def _again(self, features: Sequence[Any], languages: Sequence[str], heard: list[Heard], is_padded: bool) -> None:
        """Ask once more, with the full 30 s, for windows that look lost, and against repetition for stuck ones."""
        stuck = [number for number, item in enumerate(heard) if guards.is_looping(item.text)]
        lost = [
            number
            for number, (item, sound) in enumerate(zip(heard, features, strict=True))
            if number not in stuck and not is_padded and _is_lost(item, sound.shape[-1] / FRAMES_PER_S)
        ]
        for numbers, strict in ((stuck, True), (lost, False)):
            if numbers:
                encoded = encode(self._whisper, [features[number] for number in numbers], whole=True)
                again = self._write(encoded, [languages[number] for number in numbers], strict=strict)
                for number, item in zip(numbers, again, strict=True):
                    heard[number] = item

    def _judge(self, item: Heard) -> None:
        """Empty what was invented."""
        invented = guards.is_invented(
            item.text, confidence=item.confidence, no_speech=item.no_speech, log_probability=item.log_probability
        )
        if invented:
            item.tokens, item.text = [], ""

    def _time(self, encoded: Any, features: Sequence[Any], tokenizer: Any, heard: Sequence[Heard]) -> None:
        """Find the words and their times: of one language at once, for each has its own way to write words."""
        sizes = [min(item.shape[-1], int(LIMIT_S * FRAMES_PER_S)) for item in features]
        if not self._repairer:  # which compares how sure the model was by all that it heard
            encoded = shortened(encoded, max(sizes))
        aligned = self._whisper.find_alignment(tokenizer, [item.tokens for item in heard], encoded, sizes)
        for item, words in zip(heard, aligned, strict=True):
            item.words = _words(words)
        if self._repairer:
            found = self._repairer.repairs(features, tokenizer, [item.words for item in heard])
            for item, repairs in zip(heard, found, strict=True):
                item.words = replaced(item.words, repairs)


LETTERS_PER_S = 7.0
SURE = 0.55
"""When a window is asked again with the full 30 s: on less, Whisper now and then stops within a sentence, and slow
speech has about 10 letters a second. Bytes are counted, for a Chinese character says as much as three letters.
Of 197 windows of short clips tiny.en was less sure than 0.55 in 4 and base in 8: 6 of them then had other words,
mostly the right ones. A missing full stop says nothing: many prompts are no sentences."""


def _is_lost(item: Heard, seconds: float) -> bool:
    """Say whether the shortened sound seems to have cost words."""
    return item.confidence < SURE or len(item.text.strip().encode()) < LETTERS_PER_S * (seconds - 1.0)


def _heard(result: Any, tokenizer: Any) -> Heard:
    tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    mean = result.scores[0] * len(result.sequences_ids[0]) / (len(result.sequences_ids[0]) + 1)
    return Heard(tokens, tokenizer.decode(tokens), mean, result.no_speech_prob)


def _words(aligned: Sequence[Mapping[str, Any]]) -> list[Word]:
    """Return the words; punctuation on its own goes to the word before it."""
    words: list[Word] = []
    for item in aligned:
        text = item["word"]
        start, end = float(item["start"]), float(item["end"])
        if words and not any(letter.isalnum() for letter in text):
            last = words[-1]
            tokens = (*last.tokens, *item["tokens"])
            words[-1] = Word(last.text + text, last.start, last.end, last.confidence, tokens)
        else:
            words.append(Word(text, start, max(start, end), float(item["probability"]), tuple(item["tokens"])))
    return words
