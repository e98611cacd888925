"""A network of a test's own: a fresh network namespace with a virtual cable in it."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.whole.netns import Namespace

CLONE_NEWNET = 0x40000000  # unshare(2)
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


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


def other_machine(test: SynchronousTestCase) -> Namespace:
    """Move `hh-b` into a namespace of its own, as if it were another machine's; gone in the end."""
    other = Namespace(f"hh-{os.getpid()}-{next(_numbers)}-other")
    test.addCleanup(other.remove)
    ip("link", "set", "hh-b", "netns", other.name)
    other.ip("link", "set", "hh-b", "up")
    return other


def packets(test: SynchronousTestCase, kind: int, interface: str = "hh-b") -> socket.socket:
    """What comes in on an interface that carries that kind, in the namespace that this thread is in."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
    test.addCleanup(listener.close)
    listener.bind((interface, kind))
    listener.settimeout(5)
    return listener


def hardware(interface: str) -> bytes:
    """The hardware address of an interface."""
    return bytes.fromhex(ip("-br", "link", "show", "dev", interface).split()[2].replace(":", ""))


def wait_until(true: Callable[[], object], what: str, seconds: float = 10) -> None:
    """Wait until something is so; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)
