"""Python processes of our own, for what may crash or run out of memory without harm to the host."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import BinaryIO, cast

_INHERITED: list[Child] = []
"""Processes of the parent that this process, a fork, dropped: their pipes stay open until it ends."""


class Child(subprocess.Popen[bytes]):
    """Runs code that may import what the host may, with pipes to its input and from its output.

    A fork of the host inherits this object, but not the process.

    Args:
        code: Python.
        arguments: Its ``sys.argv[1:]``.
        environment: Variables it has unless the host has them.
        is_silent: Whether what it writes to its standard error is thrown away.

    Raises OSError when it cannot be started.
    """

    def __init__(
        self, code: str, *arguments: str, environment: Mapping[str, str] | None = None, is_silent: bool = False
    ) -> None:
        self._host = os.getpid()
        found = os.pathsep.join(entry for entry in sys.path if isinstance(entry, str))
        super().__init__(
            [sys.executable, "-P", "-c", code, *arguments],  # -P: files of the current folder are not ours to run
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if is_silent else None,
            env={**(environment or {}), **os.environ, "PYTHONPATH": found},
        )

    @property
    def is_alive(self) -> bool:
        """Whether it runs, and is this process's own."""
        return self._host == os.getpid() and self.poll() is None

    def end(self) -> None:
        """Kill the process, wait for its end and close its pipes; in a fork of the host nothing is touched.

        There a pipe that a thread of the host was reading from is locked for ever: to close it would never end.
        """
        if self._host != os.getpid():
            _INHERITED.append(self)
            return
        self.kill()
        self.wait()
        for pipe in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):
                cast("BinaryIO", pipe).close()
