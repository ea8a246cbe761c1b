"""A memory for AI agents made of what people really say.

::

    from masa_rag import Memory
    from masa_rag.sources import Transcripts

    with Memory("brain") as memory:
        memory.add(Transcripts("episodes/*.txt"))
        print(memory.context("What did Brendan and Jamil talk about today?"))

Names are resolved at first use, so that ``import masa_rag`` loads no heavy library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from masa_rag._lazy import late_name

if TYPE_CHECKING:
    from masa_rag.errors import ConfigurationError as ConfigurationError
    from masa_rag.errors import DocumentNotFoundError as DocumentNotFoundError
    from masa_rag.errors import EmbeddingError as EmbeddingError
    from masa_rag.errors import MasaRagError as MasaRagError
    from masa_rag.errors import MemoryLockedError as MemoryLockedError
    from masa_rag.errors import MemoryMismatchError as MemoryMismatchError
    from masa_rag.errors import MissingDependencyError as MissingDependencyError
    from masa_rag.errors import RecordError as RecordError
    from masa_rag.errors import SourceError as SourceError
    from masa_rag.errors import SourceFormatError as SourceFormatError
    from masa_rag.errors import SourceUnavailableError as SourceUnavailableError
    from masa_rag.errors import StorageError as StorageError
    from masa_rag.errors import TranscriptionError as TranscriptionError
    from masa_rag.memory import Memory as Memory
    from masa_rag.sources import open_source as open_source
    from masa_rag.sources import source as source
    from masa_rag.types import Chunk as Chunk
    from masa_rag.types import Context as Context
    from masa_rag.types import Document as Document
    from masa_rag.types import Hit as Hit
    from masa_rag.types import IngestReport as IngestReport
    from masa_rag.types import Segment as Segment

__version__ = "0.1.0"

# From 1.31 on, importing onnxruntime writes a device id into the cache folder and sends events to its maker, on
# Linux too. Here, because chromadb, faster-whisper and senko import it as well, and it looks only once.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "Memory": "memory",
    "open_source": "sources",
    "source": "sources",
    **dict.fromkeys(("Chunk", "Context", "Document", "Hit", "IngestReport", "Segment"), "types"),
    **dict.fromkeys(
        (
            "ConfigurationError", "DocumentNotFoundError", "EmbeddingError", "MasaRagError", "MemoryLockedError",
            "MemoryMismatchError", "MissingDependencyError", "RecordError", "SourceError", "SourceFormatError",
            "SourceUnavailableError", "StorageError", "TranscriptionError",
        ),
        "errors",
    ),
}  # fmt: skip

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    return late_name(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return list(__all__)
