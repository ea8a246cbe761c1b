"""The seams. Each is a Protocol: pass any object that fits; nothing needs to be inherited.

``masa_rag.testing`` ships a contract test for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from masa_rag.errors import RecordError
from masa_rag.types import Chunk, Document, Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """Shape ``(n, dim)``; each row has length 1."""
    Vector = NDArray[np.float32]
    """Shape ``(dim,)``, of length 1."""
    TokenVectors = NDArray[np.float32]
    """Shape ``(tokens, token_dim)``; each row has length 1."""

OnProgress = Callable[[str, int, int], object]
"""Called with a step ("read", "embed"), how many are done, and how many there are (0 when not known)."""


@runtime_checkable
class Source(Protocol):
    """A named iterable of documents.

    A bad record is *yielded* as a RecordError and the rest goes on; an error of the source as a
    whole (missing file, no network) is raised as a SourceError. Iterating twice reads twice.
    """

    @property
    def name(self) -> str:
        """Stable across runs and machines, for example ``"telegram:masa-dev"``."""
        ...

    def __iter__(self) -> Iterator[Document | RecordError]: ...


Known = Callable[[str], "Document | None"]
"""Returns the document that the memory holds under an id of the source, as it is stored."""


@runtime_checkable
class SparingSource(Source, Protocol):
    """A source that spares itself what the memory holds: to hear a recording takes minutes.

    Before iterating, the memory sets ``known``, and ``notes`` to what was stored last time (None at first). A document
    that is held is yielded all the same. In ``notes`` the source may write what no document tells; they are stored in
    the same transaction as the documents before them.
    """

    known: Known
    notes: str | None


@runtime_checkable
class ResumableSource(Source, Protocol):
    """A source that can go on where it stopped.

    Before iterating, the memory sets ``cursor`` to what was stored last time (None at first).
    While iterating, the source moves it; the memory stores it in the same transaction as the
    documents yielded before it. It yields only what is new, so ``sync`` takes it only if it is a
    ``WatchingSource``.
    """

    cursor: str | None


@runtime_checkable
class WatchingSource(ResumableSource, Protocol):
    """A resumable source that notices what was taken down; ``sync`` deletes that, and nothing else."""

    @property
    def gone(self) -> Sequence[str]:
        """Ids of documents that the source knows to be gone, not merely out of reach.

        They are part of ``cursor`` and stay named until they are back, so that no run misses them.
        """
        ...


class Chunker(Protocol):
    """Cuts a document into passages."""

    @property
    def fingerprint(self) -> str:
        """Names algorithm and settings; pinned in the memory."""
        ...

    def chunk(self, document: Document, *, source: str) -> Sequence[Chunk]:
        """Return the passages in reading order; each a verbatim slice of ``document.text``."""
        ...


class Embedder(Protocol):
    """Turns text into vectors."""

    @property
    def fingerprint(self) -> str:
        """Names model and revision; pinned in the memory. Vectors of equal fingerprints can be compared."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 ``(len(texts), dim)``, row i for text i, each of length 1."""
        ...

    def embed_query(self, text: str) -> Vector:
        """Return float32 ``(dim,)`` of length 1."""
        ...


@runtime_checkable
class TokenCounter(Protocol):
    """An embedder that can count tokens, so that chunks fit its window."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        ...


@runtime_checkable
class TokenEmbedder(Protocol):
    """An embedder that also gives one small vector for each piece of a word, out of the same pass of its model.

    Search then compares a question with passages word by word (late interaction). The vectors' length is
    the same in all of them, and part of what the fingerprint stands for.
    """

    def embed_documents_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenVectors]]:
        """Return what ``embed_documents`` does, and for each text its pieces' vectors.

        Pieces that no question is compared with (the model's own tokens, marks, common words) may be left out.
        """
        ...

    def embed_query_with_tokens(self, text: str) -> tuple[Vector, TokenVectors, list[tuple[int, int]]]:
        """Return what ``embed_query`` does, its pieces' vectors, and for each (first character, one past the last).

        The model's own tokens have equal ends.
        """
        ...


class Index(Protocol):
    """Finds the nearest vectors. Ids are chunk ids; scores are cosines, larger is better."""

    def upsert(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Insert or replace; repeating it changes nothing."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Remove; unknown ids are ignored."""
        ...

    def query(self, vector: Vector, k: int, allowed: Iterable[str] | None = None) -> list[tuple[str, float]]:
        """Return up to ``k`` (id, cosine), best first; only ids in ``allowed`` unless it is None."""
        ...

    def ids(self) -> set[str]:
        """Return the ids that are in it."""
        ...

    def clear(self) -> None:
        """Remove everything, so that no byte of text or vector stays on disk."""
        ...

    def close(self) -> None:
        """Release files and memory. Closing twice is allowed.

        An index on disk opens again at its next use, and then sees what others have written.
        """
        ...

    def __len__(self) -> int: ...


class Transcriber(Protocol):
    """Turns a recording into timed lines."""

    @property
    def fingerprint(self) -> str:
        """Names model and settings."""
        ...

    def transcribe(self, path: Path) -> Iterator[Segment]:
        """Yield lines with ``start`` and ``end`` in seconds, in order."""
        ...


class Reranker(Protocol):
    """Scores passages against a query more carefully than an index can."""

    @property
    def fingerprint(self) -> str:
        """Names the model."""
        ...

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Return one score a text, larger is better."""
        ...
