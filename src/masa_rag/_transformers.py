"""What the users of sentence-transformers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from masa_rag._lazy import require
from masa_rag.errors import EmbeddingError


def open_model(kind: str, locate: Callable[[], Path], *, purpose: str, expected: str, **settings: Any) -> Any:
    """Return a model of sentence-transformers from a folder: safetensors only, no code of the model's own, no network.

    Args:
        kind: The class of sentence-transformers.
        locate: Returns the folder with the model; asked when the library is known to be there.
        purpose: What it is for, said when the library is missing.
        expected: What the folder should hold and what to do, said when it cannot be loaded.
        settings: Passed to the class.

    Raises:
        MissingDependencyError: sentence-transformers is not installed.
        EmbeddingError: The folder holds no such model.
    """
    package = require("sentence_transformers", extra="torch", purpose=purpose, package="sentence-transformers")
    folder = locate()
    try:
        with _without_bars():
            return getattr(package, kind)(
                str(folder),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
                **settings,
            )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise EmbeddingError(
            f"received {folder}, which sentence-transformers cannot load ({error}); {expected}"
        ) from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing its loading bar into the output of a program that did not ask for it."""
    logging = require("transformers.utils.logging", extra="torch", purpose="Loading a model")
    wanted = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if wanted:
            logging.enable_progress_bar()
