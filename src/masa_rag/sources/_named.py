"""Whatever is given to be read, as a source with a proper name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from masa_rag._unicode import whole_name
from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.protocols import ResumableSource, Source
from masa_rag.sources._base import FunctionSource
from masa_rag.types import Document


def named(source: Source | Iterable[Document | RecordError], name: str | None) -> Source:
    """Return the source, or a plain iterable of documents as a source of this name."""
    if isinstance(source, (str, Path)):
        raise ConfigurationError(
            f"received {str(source)[:200]!r}; expected a source: add(open_source(path)) for a path, "
            "remember(text) for words"
        )
    if isinstance(source, Source) and (name is None or name == source.name):
        return _with_proper_name(source)
    if isinstance(source, ResumableSource):
        raise ConfigurationError(f"received name={name!r} for a source that is named {source.name!r}; leave it out")
    if name is None:
        raise ConfigurationError(
            f"received {type(source).__name__} without a name; expected a source, or documents with name='...'"
        )
    if not isinstance(source, (Document, Iterable)):
        raise ConfigurationError(f"received {type(source).__name__}; expected a source, or documents with name='...'")
    return _with_proper_name(FunctionSource(name, lambda: [source] if isinstance(source, Document) else source))


def _with_proper_name(source: Source) -> Source:
    name = source.name
    if not isinstance(name, str) or not name.strip() or whole_name(name) != name:
        raise ConfigurationError(f"received the source name {name!r}; expected a text that stays the same in every run")
    return source
