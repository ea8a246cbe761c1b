"""A Whisper model with what runs it. Used in the model's own process (see _process.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masa_rag._lazy import require
from masa_rag.transcribers import _devices
from masa_rag.transcribers._engine import Engine
from masa_rag.transcribers._glossary import Glossary

PURPOSE = "Transcribing a recording"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a model is loaded with.

    Attributes:
        folder: Its files.
        device: "cpu" or "cuda"; None takes CUDA when it works.
        compute_type: CTranslate2's name of a precision; None takes the fastest good one.
        beam_size: Hypotheses kept while decoding.
        glossary: Terms and the forms heard in their place; None for none.
    """

    folder: str
    device: str | None
    compute_type: str | None
    beam_size: int
    glossary: Mapping[str, Sequence[str]] | None


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model: where it runs, in which precision, how many mels its spectra have, and what runs a batch."""

    device: str
    compute_type: str
    mels: int
    engine: Engine


def load(settings: Settings) -> Model:
    """Load a model. Raises TranscriptionError when that fails, MissingDependencyError without faster-whisper."""
    library = require("faster_whisper", extra="speech", purpose=PURPOSE)
    ct2 = require("ctranslate2", extra="speech", purpose=PURPOSE)
    folder = Path(settings.folder)
    whisper, kind = _devices.load(library, ct2, folder, device=settings.device, compute_type=settings.compute_type)
    return Model(whisper.model.device, kind, whisper.model.n_mels, _engine(whisper, settings))


def _engine(whisper: Any, settings: Settings) -> Engine:
    tokens = require("faster_whisper.tokenizer", extra="speech", purpose=PURPOSE)
    suppressed = require("faster_whisper.transcribe", extra="speech", purpose=PURPOSE).get_suppressed_tokens

    def tokenizer(language: str) -> Any:
        many = whisper.model.is_multilingual
        return tokens.Tokenizer(whisper.hf_tokenizer, many, task="transcribe", language=language)

    return Engine(
        whisper,
        tokenizers=tokenizer,
        suppressed=lambda item: suppressed(item, [-1]),
        beam_size=settings.beam_size,
        glossary=_with_common_words(settings.glossary, whisper.hf_tokenizer.get_vocab()),
    )


def _with_common_words(terms: Mapping[str, Sequence[str]] | None, vocabulary: Mapping[str, int]) -> Glossary | None:
    """Return the glossary with the model's vocabulary as the list of ordinary words."""
    if terms is None:
        return None
    return Glossary(terms, common={token[1:] for token in vocabulary if re.fullmatch("Ġ[a-z]{2,}", token)})
