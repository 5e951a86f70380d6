"""Processes that end together."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int, sign: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send us `sign` when our parent is gone, however it went; Linux only.

    Args:
        parent: the process that must be our parent. If it is gone already, we end at once.
    """
    if sys.platform == "linux":
        # Source: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(sign))
    # The parent may have died between the fork and the line above; then no signal comes.
    if os.getppid() != parent:
        sys.exit(1)
