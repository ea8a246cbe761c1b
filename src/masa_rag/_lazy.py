"""Optional packages: imported at first use, and named with their pip line when missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from masa_rag.errors import MissingDependencyError


def require(module: str, *, extra: str, purpose: str, package: str | None = None) -> ModuleType:
    """Import and return ``module``; raise MissingDependencyError naming the extra if it is absent.

    Args:
        module: Dotted module name, for example ``"faster_whisper"``.
        extra: The extra of ``masa-rag`` that installs it.
        purpose: What needs it, as the beginning of a sentence ("Transcribing a recording").
        package: Its name on the package index when that differs from the module's.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        ours = module.startswith("masa_rag.")  # then what is missing is what our module imports
        if error.name is None or not (ours or module.startswith(error.name)):
            raise  # the package is there, but something *it* needs is not: say that instead
        name = package if package is not None else (error.name if ours else module).partition(".")[0]
        raise MissingDependencyError(name, extra=extra, purpose=purpose) from error
