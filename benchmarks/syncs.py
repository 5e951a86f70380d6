"""How often a process makes files durable, counted by the kernel's own report of its calls."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

TRACED = "fsync,fdatasync,sync_file_range,msync"


def count_syncs(act: Callable[[], object], *, process: int | None = None) -> int | None:
    """Count the calls that wait for the disk while something is done; None where strace cannot be had.

    Args:
        act: What is done.
        process: Whose calls to count; ours when it is not given.
    """
    strace = shutil.which("strace")
    if strace is None:
        act()
        return None
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "calls"
        tracer = subprocess.Popen(
            [strace, "-f", "-e", f"trace={TRACED}", "-o", seen, "-p", str(process or os.getpid())],
            stderr=subprocess.PIPE,
            text=True,
        )
        # It says so when it has attached, or why it could not.
        is_attached = "attached" in (tracer.stderr.readline() if tracer.stderr else "")
        act()
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
        return sum("sync(" in line for line in seen.read_text().splitlines()) if is_attached else None
