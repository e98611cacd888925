"""Disks that are full and terminals that nobody reads: beats go on, and a dead holder is replaced."""

from __future__ import annotations

import contextlib  # trial takes a name `suppress` in a module for its own
import os
from collections.abc import Callable

from tests.whole.case import WholeNodeTests
from tests.whole.needs import tool
from tests.whole.nodes import kinds, services
from tests.whole.settings import Wish

FULL = 'mount -t tmpfs -o size=64k heart "$0" && head -c 1000000 /dev/zero > "$0/full"; exec "$@"'
READ_ONLY = 'mount -t tmpfs -o ro heart "$0" && exec "$@"'


class DiskTests(WholeNodeTests):
    """A state directory that takes nothing, mounted for the daemon alone: the mount ends with it."""

    wish = Wish(state="kept")

    def live_without(self, mounting: str, expected: str) -> None:
        """With beta's state directory like that, beta says so, beats, takes over, and ends in order."""
        kept = self.lab.folder / "kept"
        kept.mkdir()
        self.lab.alpha.start()
        self.lab.beta.start(under=(tool("sh"), "-c", mounting, str(kept)))
        self.wait_until(lambda: self.lab.whole("alpha"), "both beat, and alpha holds the service")
        self.wait_until(lambda: expected in self.lab.beta.log(), f"beta says: {expected}")
        self.expect(not list(kept.glob("*.beta.*")), "beta was to have no state")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.expect("slept" not in kinds(self.lab.beta.events()), "beta was to stay awake")
        self.stop(self.lab.beta)
        self.wait_until(lambda: self.lab.watch.holders() == {"alpha"}, "beta let go")
        self.expect("Traceback" not in self.lab.beta.log(), "faults of a disk are told in a line")

    def test_full(self) -> None:
        """A full disk."""
        self.live_without(FULL, "cannot be written: [Errno 28] No space left on device")

    def test_read_only(self) -> None:
        """A disk that became read-only."""
        self.live_without(READ_ONLY, "cannot be written: [Errno 30] Read-only file system")

    def test_filled_later(self) -> None:
        """A disk that fills and becomes free again under the holder: it holds on, and says both."""
        (self.lab.folder / "kept").mkdir()
        room = 'mount -t tmpfs -o size=64k heart "$0" && exec "$@"'
        self.lab.alpha.start(under=(tool("sh"), "-c", room, str(self.lab.folder / "kept")))
        self.lab.beta.start()
        self.wait_until(lambda: self.lab.whole("alpha"), "both beat, and alpha holds the service")
        full = f"/proc/{self.lab.alpha.pid}/root{self.lab.folder}/kept/full"
        with contextlib.suppress(OSError), open(full, "wb", buffering=0) as filling:  # noqa: PTH123
            while True:
                filling.write(bytes(512))
        self.wait_until(
            lambda: "No space left" in self.lab.alpha.log(), "alpha says that its disk is full", 30
        )
        self.remains(lambda: self.lab.whole("alpha"), "alpha keeps the service", 1)
        os.unlink(full)  # noqa: PTH108
        self.wait_until(
            lambda: "can be written again" in self.lab.alpha.log(), "alpha says that it is not", 30
        )
        self.expect_never_two()


class OutputTests(WholeNodeTests):
    """A log that goes where nobody reads."""

    def live_unread(self, output: int, fill: Callable[[], None]) -> None:
        """With beta's output stuck, beta beats, takes over, and ends in order."""
        self.lab.alpha.start()
        self.lab.beta.start(output=output)
        self.wait_until(lambda: self.lab.whole("alpha"), "both beat, and alpha holds the service")
        fill()
        for _ in range(2):  # each cut makes some lines of log
            self.lab.cable.cut()
            self.wait_until(
                lambda: kinds(self.lab.beta.events())[-1:] == ["link-down"], "beta misses the cable"
            )
            self.lab.cable.heal()
            self.wait_until(lambda: self.lab.whole("alpha"), "both links beat")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.expect("slept" not in kinds(self.lab.beta.events()), "beta was to stay awake")
        self.stop(self.lab.beta)
        self.wait_until(lambda: self.lab.watch.holders() == {"alpha"}, "beta let go")

    def stuff(self, path: str) -> None:
        """Write into the same pipe or terminal until it takes no more, as its own open file."""
        ours = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        self.addCleanup(os.close, ours)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(ours, b"x" * size)
        self.assertRaises(BlockingIOError, os.write, ours, b"x")

    def test_pipe(self) -> None:
        """A pipe that is full."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.live_unread(writing, lambda: self.stuff(f"/proc/self/fd/{writing}"))

    def test_terminal(self) -> None:
        """A terminal whose window hangs."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.live_unread(slave, lambda: self.stuff(os.ttyname(slave)))
