"""What the users of sentence-transformers share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from masa_rag._lazy import require


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing its loading bar into the output of a program that did not ask for it."""
    logging = require("transformers.utils.logging", extra="torch", purpose="Loading a model")
    wanted = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if wanted:
            logging.enable_progress_bar()
