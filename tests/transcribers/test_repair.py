"""Repair by listening again: the recording decides between what was written and a term of the glossary."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from masa_rag.transcribers import Glossary
from masa_rag.transcribers._repair import PRIOR, Repairer, replaced
from masa_rag.transcribers._windows import Word

np = pytest.importorskip("numpy")


class View:
    """The encoder's output: one row a window."""

    device = "cpu"

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.rows

    @classmethod
    def from_array(cls, rows: Any) -> View:
        """Return rows given back to the model."""
        return cls(rows)


class Letters:
    """A tokenizer whose tokens are letters."""

    sot_prev, sot_sequence = 1, [2]

    def encode(self, text: str) -> list[int]:
        """Return a token a letter."""
        return [ord(letter) for letter in text]


class Ear:
    """A model that finds a text as likely as ``worth`` says, and remembers what it was given."""

    device = "cpu"

    def __init__(self, worth: Mapping[str, float]) -> None:
        self.worth = worth
        self.prompts: list[str] = []
        self.texts: list[str] = []
        self.frames: list[int] = []
        self.model = self

    def encode(self, batch: Any) -> View:
        """Return a row for every two frames."""
        self.frames.append(batch.shape[-1])
        return View(np.zeros((1, batch.shape[-1] // 2, 2)))

    def align(self, encoded: View, start: list[int], texts: Sequence[list[int]], sizes: list[int]) -> list[Any]:
        """Return one probability a text."""
        assert len(encoded.rows) == len(texts) == len(sizes)
        self.prompts.append("".join(chr(token) for token in start if token > 2))
        said = ["".join(map(chr, tokens)) for tokens in texts]
        self.texts += said
        return [SimpleNamespace(text_token_probs=[math.exp(self.worth.get(text.strip(), -30.0))]) for text in said]


def heard(*items: tuple[str, float]) -> list[Word]:
    """Return words with their probabilities, one a second."""
    return [Word(f" {text}", number, number + 1, sure, tuple(map(ord, f" {text}")))
            for number, (text, sure) in enumerate(items)]  # fmt: skip


def repaired(ear: Ear, terms: Any, words: list[Word]) -> str:
    """Return the text of one window after repair."""
    found = Repairer(ear, Glossary(terms)).repairs([np.zeros((80, 100))], Letters(), [words])
    return "".join(word.text for word in replaced(words, found[0])).strip()


UNSURE = heard(("The", 0.9), ("mass", 0.2), ("is", 0.9), ("open.", 0.9))


def test_a_term_that_was_said_is_written() -> None:
    """What the sound supports as well as the words heard becomes the term; the model was told the term before."""
    ear = Ear({"The mass is open.": -3.0, "The Masa is open.": -3.0})
    assert repaired(ear, ["Masa"], UNSURE) == "The Masa is open."
    assert ear.prompts == [" Masa"]
    assert ear.frames == [3000]


def test_a_term_that_was_not_said_is_not_written() -> None:
    """Where the sound speaks against the term, the words stay."""
    ear = Ear({"The mass is open.": -1.0, "The Masa is open.": -1.0 - PRIOR - 0.1})
    assert repaired(ear, ["Masa"], UNSURE) == "The mass is open."


def test_words_the_model_was_sure_of_are_not_listened_to_again() -> None:
    """No question is asked about words that were heard clearly."""
    ear = Ear({})
    assert repaired(ear, ["Masa"], heard(("The", 0.9), ("mass", 0.95), ("is", 0.9))) == "The mass is"
    assert ear.texts == []


def test_several_words_can_be_one_term() -> None:
    """A name that was split is put together again, and its neighbours keep their own tokens."""
    words = heard(("I", 0.9), ("like", 0.9), ("you", 0.3), ("in", 0.4), ("a", 0.5), ("swap,", 0.4), ("Ben.", 0.9))
    ear = Ear({"I like you in a swap, Ben.": -6.0, "I like Uniswap, Ben.": -4.0})
    assert repaired(ear, ["Uniswap"], words) == "I like Uniswap, Ben."


def test_a_word_beside_the_name_is_not_swallowed() -> None:
    """A text that lost a word has less to explain, so it looks likelier; the words that sound like the name go."""
    words = heard(("I", 0.9), ("think", 0.9), ("that", 0.7), ("never", 0.3), ("mind", 0.4), ("grows.", 0.9))
    ear = Ear({"I think that never mind grows.": -8.0, "I think Nethermind grows.": -0.5,
               "I think that Nethermind grows.": -8.0})  # fmt: skip
    assert repaired(ear, ["Nethermind"], words) == "I think that Nethermind grows."


def test_a_second_name_has_to_be_worth_it_beside_the_first() -> None:
    """Alone both explain the sound better than what was heard; once the first is there, the second does no more."""
    words = heard(("now", 0.5), ("that", 0.5), ("you", 0.3), ("in", 0.4), ("a", 0.5), ("swap,", 0.4), ("Ben.", 0.9))
    ear = Ear({"now that you in a swap, Ben.": -12.0, "Nethermind you in a swap, Ben.": -6.0,
               "now that Uniswap, Ben.": -2.0, "Nethermind Uniswap, Ben.": -7.0})  # fmt: skip
    assert repaired(ear, ["Uniswap", "Nethermind"], words) == "now that Uniswap, Ben."


def test_forms_that_are_known_need_no_sound() -> None:
    """A form given with the glossary is repaired without asking."""
    ear = Ear({})
    assert repaired(ear, {"FOCIL": ["fossil"]}, heard(("A", 0.9), ("fossil", 0.99), ("here.", 0.9))) == "A FOCIL here."
    assert ear.texts == []
