"""Commands that are shown to be typed."""

from __future__ import annotations

import os
import shlex


def quoted(text: str) -> str:
    """Return a text as one word of a command in this system's shells; to Windows' single quotes mean nothing."""
    if os.name != "nt":
        return shlex.quote(text)
    from subprocess import list2cmdline

    return list2cmdline([text])
