"""Every error the library raises, in one tree.

::

    MasaRagError
    ├── ConfigurationError (ValueError)      an argument or setting is wrong
    ├── MissingDependencyError (ImportError) an optional package is not installed
    ├── SourceError                          a source cannot be read
    │   ├── SourceUnavailableError           not reachable now; may be tried again
    │   ├── SourceFormatError                read, but not in a format we know
    │   └── RecordError                      one record is bad; the rest goes on
    ├── TranscriptionError                   speech could not become text
    ├── EmbeddingError                       text could not become vectors
    └── StorageError                         the memory on disk
        ├── MemoryMismatchError              made with another model or chunker
        ├── MemoryLockedError                another process is writing
        └── DocumentNotFoundError (KeyError) no such document

A message says what was received, what was expected and what to do next.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from masa_rag._shell import quoted


class MasaRagError(Exception):
    """Root of all errors raised on purpose by this library. Copied and pickled, each comes back as it was."""

    def __reduce__(self) -> tuple[object, ...]:
        return _remade, (type(self), *self.args), self.__dict__


def _remade(kind: type[MasaRagError], *args: object) -> MasaRagError:
    return kind.__new__(kind, *args)  # without __init__, which would make the message a second time


class ConfigurationError(MasaRagError, ValueError):
    """An argument, setting or combination of them cannot work."""


class MissingDependencyError(MasaRagError, ImportError):
    """An optional package is needed and not installed.

    Attributes:
        extra: The extra of ``masa-rag`` that brings the package, for example ``"speech"``.
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f'Install it with: {_pip()} install "masa-rag[{extra}]"'
        )


def _pip() -> str:
    """Return the pip of this environment, by its path where "pip" is that of another, as for ``.venv/bin/masa-rag``."""
    found = shutil.which("pip")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "pip" if ours or not sys.executable else f"{quoted(sys.executable)} -m pip"


class SourceError(MasaRagError):
    """A source cannot be read."""


class SourceUnavailableError(SourceError):
    """A source does not answer now: network, rate limit, server error.

    Attributes:
        retry_after_s: Seconds the source asked us to wait, or None if it did not say.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceFormatError(SourceError):
    """A file or answer was read but is not in the expected format.

    Attributes:
        path: The file or address it came from, or None when unknown.
    """

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(f"{path}: {message}" if path is not None else message)
        self.path = path


class RecordError(SourceError):
    """One record of a source is bad. Sources *yield* it, so that the others still get in.

    Attributes:
        record_id: The record's id, file name or line, as well as it is known.
    """

    def __init__(self, message: str, *, record_id: str) -> None:
        # What was raised about a whole file begins with its path already.
        super().__init__(message if message.startswith(f"{record_id}: ") else f"{record_id}: {message}")
        self.record_id = record_id


class TranscriptionError(MasaRagError):
    """A recording could not be turned into text."""


class EmbeddingError(MasaRagError):
    """Text could not be turned into vectors, or weights could not be had."""


class StorageError(MasaRagError):
    """The memory on disk could not be read or written."""


class MemoryMismatchError(StorageError):
    """The memory was made with another model or chunker than the one given."""


class MemoryLockedError(StorageError):
    """Another process holds the write lock.

    Attributes:
        owner: Who holds it, for example ``"pid 4711"``, or None if unknown.
    """

    def __init__(self, message: str, *, owner: str | None = None) -> None:
        super().__init__(message)
        self.owner = owner


class DocumentNotFoundError(StorageError, KeyError):
    """No document has this id."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would quote the message
