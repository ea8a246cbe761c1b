"""Where a Whisper model runs, and in which precision: what is there is tried out before it is relied on."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from masa_rag.errors import TranscriptionError

log = logging.getLogger(__name__)

CUDA_HELP = (
    "CUDA cannot be used ({error}). faster-whisper needs an NVIDIA driver and cuBLAS for CUDA 12 (older versions "
    "cuDNN 9 too): pip install nvidia-cublas-cu12 nvidia-cudnn-cu12"
)
FILES = (("config.json",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))
"""What a model's folder has beside ``model.bin``; one of each. What is missing, faster-whisper asks the network for."""

WORKERS = 2
"""Batches that a CPU works on at once, each with its share of the cores, which then need not wait for one another."""

LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12", "libcudnn.so.9")
"""What CTranslate2 4 opens by name when CUDA is first used, in an order in which each finds the ones it needs."""


def load(library: Any, engine: Any, folder: Path, *, device: str | None, compute_type: str | None) -> tuple[Any, str]:
    """Return the loaded model and its precision; ``model.device`` of what is loaded says where it runs.

    Args:
        library: The module faster_whisper.
        engine: The module ctranslate2.
        folder: The model.
        device: "cpu" or "cuda"; None takes CUDA when it works, and otherwise the CPU with a warning.
        compute_type: CTranslate2's name of a precision; None takes the fastest good one.

    Raises TranscriptionError when what was asked for cannot be had.
    """
    wanted, problem = _usable(engine, device)
    if wanted == "cuda":
        preload(_nvidia_folders())
        try:
            return _opened(library, engine, folder, "cuda", compute_type)
        except (RuntimeError, ValueError) as error:
            problem = str(error)
    if problem and device == "cuda":
        raise TranscriptionError(f"received device='cuda'. {CUDA_HELP.format(error=problem)}, or use device='cpu'")
    if problem:
        log.warning("%s. Going on with the CPU.", CUDA_HELP.format(error=problem))
        compute_type = None
    try:
        return _opened(library, engine, folder, "cpu", compute_type)
    except Exception as error:  # the package tokenizers raises nothing narrower for a damaged tokenizer.json
        advice = "its files may be damaged: fetch it again"
        if compute_type:
            advice = f"leave out compute_type={compute_type!r} to have it chosen, or fetch the model again"
        raise TranscriptionError(f"the model in {folder} could not be loaded on the CPU ({error}); {advice}") from error


def check(folder: Path) -> None:
    """Raise TranscriptionError unless a folder has the files of a CTranslate2 model, and a config that is one."""
    for names in FILES:
        if not any((folder / name).is_file() for name in names):
            raise TranscriptionError(
                f"received the model {folder}, which has no {' or '.join(names)}; expected a Whisper model converted "
                "for CTranslate2, with its tokenizer. Fetch it again"
            )
    try:
        is_config = isinstance(json.loads((folder / "config.json").read_bytes()), dict)
    except (ValueError, RecursionError, OSError):
        is_config = False
    if not is_config:
        raise TranscriptionError(f"received the model {folder}, whose config.json is damaged; fetch it again")


def _usable(engine: Any, device: str | None) -> tuple[str, str | None]:
    """Return (device to try, what speaks against CUDA)."""
    if device == "cpu":
        return "cpu", None
    try:
        count = engine.get_cuda_device_count()
    except RuntimeError as error:
        return "cpu", str(error)
    return ("cuda", None) if count else ("cpu", "no CUDA device was found" if device == "cuda" else None)


def _opened(library: Any, engine: Any, folder: Path, device: str, compute_type: str | None) -> tuple[Any, str]:
    kind = compute_type or _best_precision(engine, device)
    workers = min(WORKERS, cores()) if device == "cpu" else 1
    loaded = library.WhisperModel(
        str(folder), device=device, compute_type=kind, cpu_threads=cores() // workers, num_workers=workers
    )
    if device == "cuda":
        _try_out(loaded)
    return loaded, kind


def _best_precision(engine: Any, device: str) -> str:
    """Return the fastest precision the device supports; float32 when nothing better."""
    supported = engine.get_supported_compute_types(device)
    wanted = ("float16", "int8_float16", "int8") if device == "cuda" else ("int8",)
    return next((kind for kind in wanted if kind in supported), "float32")


def _try_out(whisper: Any) -> None:
    """Run the encoder once: CTranslate2 loads CUDA's libraries only at the first use."""
    import numpy as np

    whisper.encode(np.zeros((1, whisper.model.n_mels, 100), dtype=np.float32))


def preload(folders: Iterable[Path]) -> list[str]:
    """Load CUDA's libraries from the first folder that has each, and return their names.

    pip puts them where the system's loader does not look; once loaded, they are found by their names.
    """
    places = list(folders) if sys.platform == "linux" else []
    done = []
    for name in LIBRARIES:
        for file in (folder / name for folder in places if (folder / name).is_file()):
            with contextlib.suppress(OSError):  # another build or a broken file: the next one, or the system's
                ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
                done.append(name)
                break
    return done


def _nvidia_folders() -> list[Path]:
    """Return the library folders of pip's NVIDIA packages (nvidia/cublas/lib and its like)."""
    found = importlib.util.find_spec("nvidia")
    roots = list(found.submodule_search_locations or ()) if found else []
    return [folder for root in roots for folder in sorted(Path(root).glob("*/lib")) if folder.is_dir()]


def cores() -> int:
    """Return how many cores this process may use, at most 16: CTranslate2's own default is 4, whatever there is."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(16, len(allowed))
