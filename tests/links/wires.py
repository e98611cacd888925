"""What the tests of links share: a null-modem cable made of two ptys, a user that takes notes, waiting."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tty
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase
from zope.interface import implementer

reactor = cast(Any, global_reactor)
T = TypeVar("T")
Result = TypeVar("Result")


class Notes:
    """A LinkUser that writes down what it is told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.told: list[tuple[str, str]] = []

    def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
        self.frames += frames

    def link_up(self, link: str) -> None:
        self.told.append(("up", ""))

    def link_down(self, link: str, reason: str) -> None:
        self.told.append(("down", reason))

    @property
    def up(self) -> bool:
        """Whether the last thing told was that the link is up."""
        return bool(self.told) and self.told[-1][0] == "up"

    @property
    def reasons(self) -> list[str]:
        """Every reason for being down, in order."""
        return [reason for what, reason in self.told if what == "down"]


class LinkTestCase(TestCase):
    """A test with a pool of threads, which ends by stopping every link that it made."""

    def setUp(self) -> None:
        self.threads = ThreadPool(1, 4, "links")
        self.threads.start()
        self.addCleanup(self.threads.stop)
        self.thread_calls = 0

    def in_thread(self, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> Deferred[T]:
        """Run work in the pool, and count it."""
        self.thread_calls += 1
        return deferToThreadPool(reactor, self.threads, work, *args, **kwargs)

    async def until(self, true: Callable[[], object], what: str, deadline: float = 8.0) -> None:
        """Wait until something is so; fail where it is not so in time (seconds)."""
        end = reactor.seconds() + deadline
        while not true():
            if reactor.seconds() > end:
                self.fail(f"waited {deadline} s in vain: {what}")
            await deferLater(reactor, 0.005)

    def run_coroutine(self, coroutine: Coroutine[Deferred[Any], Any, Result]) -> Deferred[Result]:
        """For trial, which waits for Deferreds."""
        return Deferred.fromCoroutine(coroutine)


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("", 0))
        port: int = asking.getsockname()[1]
        return port


@implementer(IReadDescriptor)
class End:
    """One end of the cable: a pty, whose slave a link opens by `path`, a symlink that stays the same."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.other: End | None = None
        self.reading = False
        self._master = self._slave = -1
        self.plug()

    def plug(self) -> None:
        """Put a new device under the path."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        self.listen()

    def unplug(self) -> None:
        """Take the device away: who has it open is hung up, and the path leads nowhere."""
        if self._master != -1:
            self.ignore()
            self.path.unlink()
            os.close(self._slave)
            os.close(self._master)
            self._master = self._slave = -1

    def listen(self) -> None:
        """Carry what is written to this end's device."""
        self.reading = True
        reactor.addReader(self)

    def ignore(self) -> None:
        """Let what is written to this end's device stand: a line that is stuck."""
        self.reading = False
        reactor.removeReader(self)

    def put(self, data: bytes) -> int:
        """Let bytes come out of this end's device, as far as it takes them; what it does not is lost."""
        with contextlib.suppress(BlockingIOError):
            return os.write(self._master, data)
        return 0

    def fileno(self) -> int:
        return self._master

    def logPrefix(self) -> str:
        return "cable"

    def doRead(self) -> None:
        data = os.read(self._master, 4096)
        if self.other is not None and self.other.fileno() != -1:
            self.other.put(data)

    def connectionLost(self, reason: Failure) -> None:
        self.reading = False


class NullModem:
    """A cable between two serial devices; ends `a` and `b`, each a path for a link to open."""

    def __init__(self, folder: Path) -> None:
        self.a = End(folder / "ttyA")
        self.b = End(folder / "ttyB")
        self.restore()

    def cut(self) -> None:
        """Both devices stay; nothing passes between them."""
        self.a.other = self.b.other = None

    def restore(self) -> None:
        """What is written to one comes out of the other."""
        self.a.other, self.b.other = self.b, self.a

    def remove(self) -> None:
        """Take all of it away."""
        self.a.unplug()
        self.b.unplug()


HOLD = """
import os, sys
if os.fork():
    os._exit(0)
os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print(os.getpid(), flush=True)
sys.stdin.read()
"""


class Stranger:
    """A process that has a device open and is not our child; it ends when the with-block does."""

    def __init__(self, path: Path) -> None:
        self._ours = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._ours.stdout is not None
        self.pid = int(self._ours.stdout.readline())
        self._ours.wait()

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._ours.stdin is not None
        assert self._ours.stdout is not None
        self._ours.stdin.close()
        self._ours.stdout.close()
