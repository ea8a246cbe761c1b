"""What the decoder is given of windows shorter than 30 s, and which of its answers are asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from masa_rag.transcribers._encoder import LEAST_S, LIMIT_S, MARGIN_S, encode, on_cpu
from masa_rag.transcribers._engine import Engine

np = pytest.importorskip("numpy")

LIMIT = int(LIMIT_S * 50)


class View:
    """The encoder's output: rows of one number, the sound's loudest and then the place."""

    device = "cpu"

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.shape = list(rows.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.rows

    from_array = classmethod(lambda cls, rows: cls(rows))


class Whisper:
    """A model that writes what ``answers`` say, one batch after the other, and remembers what it was given."""

    max_length = 448

    def __init__(self, *answers: Sequence[str], device: str = "cpu") -> None:
        self.model = SimpleNamespace(n_mels=80, is_multilingual=False, generate=self.generate, device=device)
        self.shapes: list[tuple[int, ...]] = []
        self.given: list[Any] = []
        self.options: list[dict[str, Any]] = []
        self.answers = list(answers)

    def encode(self, batch: Any) -> View:
        """Return a row for every two frames."""
        self.shapes.append(batch.shape)
        places = np.arange(batch.shape[-1] // 2, dtype=np.float32)[None, :, None]
        return View(places + 10_000 * batch.max(axis=(1, 2))[:, None, None])

    def get_prompt(self, tokenizer: Any, previous: list[int], *, without_timestamps: bool) -> list[int]:
        """Return the start of a transcript."""
        return [1]

    def generate(self, encoded: View, prompts: list[list[int]], **options: Any) -> list[Any]:
        """Return the next answers as letters."""
        self.given.append(encoded.rows)
        self.options.append(options)
        return [
            SimpleNamespace(sequences_ids=[[ord(letter) for letter in text]], scores=[-0.1], no_speech_prob=0.0)
            for text in self.answers.pop(0)
        ]

    def find_alignment(self, tokenizer: Any, texts: Any, encoded: Any, sizes: Any) -> list[list[dict[str, Any]]]:
        """Return each text as one word."""
        return [
            [{"word": tokenizer.decode(text), "start": 0, "end": 1, "probability": 1, "tokens": text}] for text in texts
        ]


class Letters:
    """A tokenizer whose tokens are letters."""

    eot = 1 << 20

    def decode(self, tokens: list[int]) -> str:
        """Return the letters."""
        return "".join(map(chr, tokens))


def sound(seconds: float) -> Any:
    """Return the spectrum of something that is heard."""
    return np.ones((80, int(seconds * 100)), dtype=np.float32)


def heard(whisper: Whisper, *windows: Any, is_padded: bool = False) -> list[str]:
    """Return the texts for windows in one batch."""
    made = Engine(whisper, tokenizers=lambda _: Letters(), suppressed=lambda _: [], beam_size=1, glossary=None)
    return [item.text for _, item in made.run(windows, ["en"] * len(windows), is_padded=is_padded)]


def test_a_batch_is_as_long_as_its_longest_window_and_a_margin() -> None:
    """Not 30 s, which cost five times more for half of them; never more, and an even number of frames."""
    whisper = Whisper(device="cuda")
    for windows in ([sound(3), sound(12.01)], [sound(29)], [sound(40)]):
        encode(whisper, windows)
    assert whisper.shapes == [(2, 80, 1202 + int(MARGIN_S * 100)), (1, 80, 3000), (1, 80, 3000)]


def test_a_cpu_encodes_one_window_after_the_other() -> None:
    """All as long as the longest, and put together again in their order."""
    whisper = Whisper()
    encoded = encode(whisper, [sound(3), 2 * sound(12)])
    assert whisper.shapes == 2 * [(1, 80, 1200 + int(MARGIN_S * 100))]
    assert encoded.rows[:, 0, 0].tolist() == [10_000, 20_000]


def test_a_padded_window_hears_30_s_and_is_not_asked_again() -> None:
    """Unsure or not: it was heard at full length already. Words are timed on the part that is spoken."""
    whisper = Whisper(["no"])
    timed: list[int] = []
    align = whisper.find_alignment

    def find_alignment(tokenizer: Any, texts: Any, encoded: Any, sizes: Any) -> Any:
        timed.append(encoded.shape[1])
        return align(tokenizer, texts, encoded, sizes)

    whisper.find_alignment = find_alignment  # type: ignore[method-assign]
    assert heard(whisper, sound(9), is_padded=True) == ["no"]
    assert whisper.shapes == [(1, 80, 3000)]
    assert timed == [int((9 + MARGIN_S) * 50)]


def test_short_windows_are_filled_up_with_silence() -> None:
    """On less than LEAST_S Whisper repeats itself."""
    whisper = Whisper()
    assert encode(whisper, [sound(1), sound(3)]).shape == [2, int(LEAST_S * 50), 1]


def test_numbers_that_numpy_does_not_know_are_converted_on_the_card() -> None:
    """From a GPU the rows are fetched; bfloat16 comes as float32."""
    engine = pytest.importorskip("ctranslate2")
    done: list[object] = []

    class Card(View):
        device = "cuda"
        dtype = engine.DataType.bfloat16

        def to(self, kind: object) -> Card:
            done.append(kind)
            return self

        def to_device(self, place: object) -> View:
            done.append(place)
            return View(self.rows)

    assert on_cpu(Card(np.ones((1, 2, 3)))).shape == (1, 2, 3)
    assert done == [engine.DataType.float32, engine.Device.cpu]


def test_a_window_with_too_few_letters_is_asked_again_with_30_s() -> None:
    """Four letters in nine seconds are less than anybody says: the second answer stands, the other window stays."""
    whisper = Whisper(
        [" And", " It is hard to know how it will end, and when."], [" And so it went on and on, for years."]
    )
    assert heard(whisper, sound(9), sound(5)) == [
        " And so it went on and on, for years.", " It is hard to know how it will end, and when."
    ]  # fmt: skip
    assert [rows.shape[:2] for rows in whisper.given][1:] == [(1, LIMIT)]


def test_short_answers_without_a_full_stop_are_not_asked_again() -> None:
    """A prompt such as "Enter the number" ends without one because it is no sentence."""
    whisper = Whisper([" Enter the number"])
    assert heard(whisper, sound(1.5)) == [" Enter the number"]


def test_few_characters_are_enough_where_each_is_a_syllable() -> None:
    """Chinese has four or five characters a second."""
    whisper = Whisper(["今天我们讨论一下新的办公室在哪里"])
    assert len(heard(whisper, sound(4))) == 1
    assert len(whisper.given) == 1


def test_a_stuck_window_is_asked_again_against_repetition() -> None:
    """What repeats itself four times is written anew with 30 s and without repeated groups of three words."""
    whisper = Whisper([" try again" * 9], [" Please try again."])
    assert heard(whisper, sound(2)) == [" Please try again."]
    assert [options["no_repeat_ngram_size"] for options in whisper.options] == [0, 3]


def test_words_are_found_by_the_language_of_their_window() -> None:
    """Chinese has no blanks: one window in it, in a batch of several recordings, tore English words, or English its."""
    whisper = Whisper(["one", "二", "three"])
    whisper.model.is_multilingual = True
    timed: list[tuple[str, list[float]]] = []

    def find_alignment(tokenizer: Any, texts: Any, encoded: Any, sizes: Any) -> Any:
        timed.append((tokenizer.language, encoded.rows[:, 0, 0].tolist()))
        return Whisper.find_alignment(whisper, tokenizer, texts, encoded, sizes)

    def tokenizer(language: str) -> Letters:
        (letters := Letters()).language = language  # type: ignore[attr-defined]
        return letters

    whisper.find_alignment = find_alignment  # type: ignore[method-assign]
    engine = Engine(whisper, tokenizers=tokenizer, suppressed=lambda _: [], beam_size=1, glossary=None)
    found = engine.run([sound(1), 2 * sound(1), 3 * sound(1)], ["en", "zh", "en"], is_padded=True)
    assert timed == [("en", [10_000.0, 30_000.0]), ("zh", [20_000.0])]
    assert [(language, item.words[0].text) for language, item in found] == [
        ("en", "one"),
        ("zh", "二"),
        ("en", "three"),
    ]
