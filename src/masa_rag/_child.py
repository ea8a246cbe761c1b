"""Python processes of our own, for what may crash or run out of memory without harm to the host."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import BinaryIO, cast


def start(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None, is_silent: bool = False
) -> subprocess.Popen[bytes]:
    """Run code that may import what the host may, with pipes to its input and from its output.

    Args:
        code: Python.
        arguments: Its ``sys.argv[1:]``.
        environment: Variables it has unless the host has them.
        is_silent: Whether what it writes to its standard error is thrown away.

    Raises OSError when it cannot be started.
    """
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if is_silent else None,
        env={**(environment or {}), **os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill the process, wait for its end and close its pipes."""
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            cast("BinaryIO", pipe).close()
