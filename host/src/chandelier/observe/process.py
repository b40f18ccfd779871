"""What this process costs the machine, read from the system without a library."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

__all__ = ["cpu_seconds", "resident_bytes"]

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Bytes of memory in use now; where the system does not say, the most that were ever in use,
    else 0.

    Source: proc(5), statm, second field, in pages; getrusage(2) gives KiB, on macOS bytes.
    """
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        try:
            import resource
        except ModuleNotFoundError:  # Windows
            return 0
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def cpu_seconds() -> float:
    """Seconds of processor time that all threads of the process have used."""
    return time.process_time()
