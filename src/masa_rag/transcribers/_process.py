"""A Whisper model in a process of its own, which may fail, and gives its memory back, without harm to the host.

The host writes, and the child answers, lines of JSON; after a line that asks follow the spectra it names, as float32.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import count
from typing import Any, BinaryIO, cast

from masa_rag._child import Child
from masa_rag.errors import MasaRagError, TranscriptionError
from masa_rag.transcribers._devices import WORKERS
from masa_rag.transcribers._engine import Heard
from masa_rag.transcribers._model import Settings, load
from masa_rag.transcribers._windows import Word

log = logging.getLogger(__name__)

LARGEST = 256 << 20
"""Largest buffer that the C library keeps for the next use: the attention of large-v3 on 30 s takes 180 MB."""

KEEPING = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(LARGEST),
    "MALLOC_TRIM_THRESHOLD_": str(2 * LARGEST),
}
"""Lets glibc keep the encoder's buffers; other C libraries do not know these names. By itself it returns what is above
32 MB to the system after each layer, and gets it anew, zeroed page by page, and only the heap that the threads share
here keeps more than 64 MB. Without: a quarter of the encoder's CPU time (200 clips: tiny.en 12 million page faults)."""

CODE = "from masa_rag.transcribers._process import serve; serve()"


class NotHeardError(TranscriptionError):
    """The model failed on some windows, or its process ended over them; a new process may hear others."""


class ModelProcess:
    """A loaded model; several threads may use it. It ends with this object, and with the host.

    Args:
        settings: What to load.

    Raises:
        TranscriptionError: The model cannot be loaded, or its process not be started.
    """

    def __init__(self, settings: Settings) -> None:
        try:
            self._child = Child(CODE, environment=KEEPING)
        except OSError as error:
            raise TranscriptionError(f"the process for the model could not be started ({error}); try again") from error
        self._calls = _Calls()
        self.close: Callable[[], object] = weakref.finalize(self, self._child.end)
        """Ends the process; whatever it was doing fails."""
        facts = self._loaded(settings)
        self.device: str = facts["device"]
        self.compute_type: str = facts["compute_type"]
        self.mels: int = facts["mels"]
        threading.Thread(target=self._calls.listen, args=(self._child,), name="masa-rag-model", daemon=True).start()

    def _loaded(self, settings: Settings) -> dict[str, Any]:
        stdin, stdout = cast("BinaryIO", self._child.stdin), cast("BinaryIO", self._child.stdout)
        with contextlib.suppress(OSError):  # it ended: there is no answer
            _send(stdin, asdict(settings))
        answer = stdout.readline()
        facts = json.loads(answer) if answer else {"error": _ended(self._child)}
        for warning in facts.get("warnings", ()):
            log.warning("%s", warning)
        if "error" in facts:
            self.close()
            raise TranscriptionError(facts["error"])
        return cast("dict[str, Any]", facts)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked; a fork of the host cannot ask it."""
        return self._child.is_alive

    def run(
        self, features: Sequence[Any], languages: Sequence[str | None], *, is_padded: bool = False
    ) -> list[tuple[str, Heard]]:
        """Return what ``Engine.run`` returns.

        Raises:
            RuntimeError: What CTranslate2 says when it fails.
            NotHeardError: The process ended.
        """
        call = {"shapes": [item.shape for item in features], "languages": languages, "is_padded": is_padded}
        answer = self._calls.ask(cast("BinaryIO", self._child.stdin), call, features).result()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return [(language, _heard(item)) for language, item in answer["heard"]]


class _Calls:
    """Questions that wait for an answer; those of an ended process fail."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._ended: str | None = None

    def ask(self, stdin: BinaryIO, call: Mapping[str, Any], features: Sequence[Any]) -> Future[dict[str, Any]]:
        """Return what will hold the answer."""
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._ended is not None:
                raise NotHeardError(self._ended)
            number = next(self._numbers)
            self._waiting[number] = future
            with contextlib.suppress(OSError, ValueError):  # it ended, or was: whoever listens tells all that wait
                _send(stdin, {**call, "number": number}, *(memoryview(item).cast("B") for item in features))
        return future

    def listen(self, child: Child) -> None:
        """Hand on the answers until there are no more, or none that can be read."""
        with contextlib.suppress(ValueError, KeyError):  # the pipe was closed under us, or something else wrote to it
            for line in cast("BinaryIO", child.stdout):
                answer = json.loads(line)
                self._waiting.pop(answer.pop("number")).set_result(answer)
        child.kill()
        with self._lock:
            self._ended = _ended(child)
            for future in self._waiting.values():
                future.set_exception(NotHeardError(self._ended))


def _send(pipe: BinaryIO, message: Mapping[str, Any], *data: memoryview) -> None:
    pipe.write(json.dumps(message).encode() + b"\n")
    for part in data:
        pipe.write(part)
    pipe.flush()


def _ended(child: Child) -> str:
    code = child.wait()
    return (
        f"the process that runs the model ended (exit status {code}), perhaps for want of memory; what was finished is "
        "kept where a cache is. Try again, with a smaller model or batch_size=1"
    )


def _heard(item: dict[str, Any]) -> Heard:
    words = [Word(**{**word, "tokens": tuple(word["tokens"])}) for word in item.pop("words")]
    return Heard(**item, words=words)


# In the child ------------------------------------------------------------------------------------


def serve() -> None:
    """Load a model and answer what is asked on standard input; runs in the child only."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the host, which ends this process
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    stdin = sys.stdin.buffer
    warnings: list[str] = []
    try:
        with _collected(warnings):
            model = load(Settings(**json.loads(stdin.readline())))
    except Exception as error:  # noqa: BLE001 - a damaged or foreign package raises what it likes
        _send(out, {"error": _told(error), "warnings": warnings})
        return
    facts = {"device": model.device, "compute_type": model.compute_type, "mels": model.mels}
    _send(out, {**facts, "warnings": warnings})
    lock = threading.Lock()

    def answer(call: dict[str, Any], features: list[Any]) -> None:
        found = _answered(model.engine, call, features)
        with lock:
            _send(out, {"number": call["number"], **found})

    with ThreadPoolExecutor(WORKERS, "masa-rag-whisper") as pool:
        for line in stdin:
            call = json.loads(line)
            pool.submit(answer, call, [_spectrum(stdin, shape) for shape in call["shapes"]])


def _told(error: Exception) -> str:
    if isinstance(error, MasaRagError):
        return str(error)
    return f"the model could not be loaded ({type(error).__name__}: {error}); install masa-rag[speech] again"


def _answered(engine: Any, call: Mapping[str, Any], features: Sequence[Any]) -> dict[str, Any]:
    try:
        heard = engine.run(features, call["languages"], is_padded=call["is_padded"])
    except Exception as error:  # noqa: BLE001 - the host raises it again
        return {"error": str(error)}
    return {"heard": [(language, asdict(item)) for language, item in heard]}


def _spectrum(stdin: BinaryIO, shape: Sequence[int]) -> Any:
    import numpy as np

    mels, columns = shape
    return np.frombuffer(stdin.read(mels * columns * 4), dtype=np.float32).reshape(mels, columns)


@contextlib.contextmanager
def _collected(warnings: list[str]) -> Iterator[None]:
    """Add to a list what is warned of meanwhile."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warnings.append(record.getMessage())

    handler, logger = Handler(logging.WARNING), logging.getLogger("masa_rag")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
