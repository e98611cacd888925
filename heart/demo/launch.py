"""One node of the demo: `twistd heart`, in a process that the kernel kills when the demo itself is killed.

Run as `python -m heart.demo.launch DEMO_PID WORDS...`, where the words are those of twistd.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with(parent: int) -> None:
    """Have this process killed when its parent dies, which is the process of that number."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was too late for that
        sys.exit(1)


def main() -> None:
    """Become `twistd`."""
    from twisted.scripts.twistd import run

    die_with(int(sys.argv.pop(1)))
    run()


if __name__ == "__main__":
    main()
