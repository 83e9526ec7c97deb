"""What reading some bytes costs, measured in a process that is ended where it costs too much."""

from __future__ import annotations

import ctypes
import gc
import time
from pathlib import Path
from typing import NamedTuple

from tests.bounds.readers import READERS, REFUSALS


class Cost(NamedTuple):
    """Seconds of a processor, with the measuring in all, and bytes of memory above what the process had; and what was
    raised that nobody expects.
    """

    seconds: float
    in_all: float
    memory: int
    error: str | None = None


def cost_of(reader: str, content: bytes) -> Cost:
    """What it costs to read some bytes."""
    begun_all = time.process_time()
    if not gc.get_freeze_count():
        gc.freeze()  # the modules, which are looked through again and again otherwise
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what an earlier input has left free would hide what this one takes
    Path("/proc/self/clear_refs").write_text("5")
    before, begun = _kilobytes("VmRSS"), time.process_time()
    error = None
    try:
        READERS[reader].read(content)
    except REFUSALS:
        pass
    except Exception as unexpected:  # whatever it is, it is what is looked for
        error = f"{type(unexpected).__name__}: {str(unexpected)[:200]}"
    ended = time.process_time()
    return Cost(ended - begun, ended - begun_all, max(0, _kilobytes("VmHWM") - before) * 1024, error)


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
