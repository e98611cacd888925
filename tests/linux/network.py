"""A network of a test's own: a fresh network namespace with a virtual cable in it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

CLONE_NEWNET = 0x40000000  # unshare(2)
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*words: str) -> str:
    """Run ip(8) in the namespace that this thread is in; what it prints."""
    command = [shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or "ip", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def enter_network(test: SynchronousTestCase) -> None:
    """Move this thread into a namespace with `hh-a` and `hh-b`, the ends of one cable; back in the end."""
    if os.geteuid() != 0:
        raise SkipTest("needs root: makes a network namespace of its own")
    if shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
        raise SkipTest("needs ip(8), of iproute2")
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if _libc.unshare(CLONE_NEWNET) != 0:
        os.close(home)
        raise SkipTest(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")

    def leave() -> None:
        failed = _libc.setns(home, CLONE_NEWNET)
        os.close(home)
        test.assertEqual(failed, 0)

    test.addCleanup(leave)
    ip("link", "add", "hh-a", "type", "veth", "peer", "name", "hh-b")
    ip("link", "set", "hh-a", "up")
    ip("link", "set", "hh-b", "up")
    ip("link", "set", "lo", "up")


def promote_secondaries(value: int) -> None:
    """Set what happens to the other addresses of a network when its first is deleted."""
    for name in ("all", "hh-a"):
        Path(f"/proc/sys/net/ipv4/conf/{name}/promote_secondaries").write_text(str(value))
