"""Rerankers score the best hits once more.

Names are resolved at first use, so that nothing is imported for a model that is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from masa_rag._lazy import late_name

if TYPE_CHECKING:
    from masa_rag.rerankers.cross_encoder import CrossEncoderReranker as CrossEncoderReranker

_HOMES = {"CrossEncoderReranker": "cross_encoder"}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
