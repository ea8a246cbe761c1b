"""What is imported late: optional packages, named with their pip line when missing, and public names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
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


def late_name(package: str, homes: Mapping[str, str], name: str) -> object:
    """Return a public name of a package, importing the module it lives in; for its ``__getattr__`` (PEP 562).

    Args:
        package: The package's ``__name__``.
        homes: Public name -> module below the package.
        name: The name that was asked for.
    """
    if (home := homes.get(name)) is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{package}.{home}"), name)
    setattr(sys.modules[package], name, value)  # found at once from now on
    return value
