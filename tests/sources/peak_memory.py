"""The most memory this process has held.

Linux hands the peak that ``resource`` reports on to a process that is started, so that a small child of a large process
seems as large; what the kernel says of the process itself does not know its parent, and can be begun anew.
"""

from __future__ import annotations

import re
import resource
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mib() -> float:
    """Return the peak of what is held in memory, in MiB; on other systems than Linux as ``resource`` says."""
    if _STATUS.exists() and (found := re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)):
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> float:
    """Let the peak begin at what is held now, where the system can do that, and return it."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")  # proc(5)
    return peak_mib()
