"""The resource `marker`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from heart.interfaces import ResourceFailed, Tenure
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart_example.marker import PATIENCE, Marker

TENURE = Tenure("web", "alpha", "site", 7, "dead", "beta")


class Disk:
    """A thread that does its work at once, or when a stalled disk comes back."""

    def __init__(self) -> None:
        self.stalled = False
        self._waiting: list[Callable[[], None]] = []

    def __call__(self, work: Any, /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Do it, or keep it."""
        done: Deferred[Any] = Deferred()

        def do() -> None:
            execute(work, *args, **kwargs).chainDeferred(done)

        if self.stalled:
            self._waiting.append(do)
        else:
            do()
        return done

    def come_back(self) -> None:
        """Do what waits."""
        self.stalled = False
        for do in self._waiting:
            do()


class MarkerTests(SynchronousTestCase):
    """A file in a folder of its own."""

    def setUp(self) -> None:
        """Nothing is held."""
        self.file = Path(self.mktemp())
        self.clock, self.disk = Clock(), Disk()
        self.marker = Marker(str(self.file), self.clock, self.disk)

    def tearDown(self) -> None:
        """No call leaves a timer behind."""
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def assert_failed(self, call: Deferred[None], why: str) -> None:
        """The call has failed with that text."""
        self.assertEqual(str(self.failureResultOf(call, ResourceFailed).value), why)

    def test_life(self) -> None:
        """It is there from start to stop, says for whom, and each may be asked for twice."""
        for _ in range(2):
            self.successResultOf(self.marker.start(TENURE))
            self.assertEqual(self.file.read_text(), "service=site\nnode=alpha\nterm=7\nreason=dead\n")
            self.successResultOf(self.marker.status(TENURE))
        for _ in range(2):
            self.successResultOf(self.marker.stop(TENURE, None))
            self.assertFalse(self.file.exists())
        self.assertEqual(list(self.file.parent.glob(f"{self.file.name}*")), [])

    def test_lost(self) -> None:
        """A file that is gone is a status that fails."""
        self.successResultOf(self.marker.start(TENURE))
        self.file.unlink()
        self.failureResultOf(self.marker.status(TENURE), ResourceFailed)

    def test_left_over(self) -> None:
        """A stop removes what an earlier daemon has left."""
        self.file.touch()
        self.successResultOf(self.marker.stop(TENURE, 0.3))
        self.assertFalse(self.file.exists())

    def test_no_folder(self) -> None:
        """What the disk refuses is told."""
        marker = Marker(str(self.file / "below"), self.clock, self.disk)
        failure = self.failureResultOf(marker.start(TENURE), ResourceFailed)
        self.assertIn("No such file or directory", str(failure.value))

    def test_stalled(self) -> None:
        """No call outlasts its time, and a file that was to go does not come back when the disk does."""
        self.disk.stalled = True
        start = self.marker.start(TENURE)
        self.successResultOf(self.marker.interrupt(0.1))
        self.assert_failed(start, f"marker {self.file}: interrupted")
        stop = self.marker.stop(TENURE, 0.3)
        self.clock.advance(0.3)
        self.assert_failed(stop, f"marker {self.file} stop: not done within 0.3 s")
        status = self.marker.status(TENURE)
        self.clock.advance(PATIENCE)
        self.assert_failed(status, f"marker {self.file} status: not done within {PATIENCE:g} s")
        self.disk.come_back()
        self.assertFalse(self.file.exists())

    def test_interrupt_nothing(self) -> None:
        """Where nothing is under way there is nothing to end."""
        self.successResultOf(self.marker.interrupt(0.1))
        self.successResultOf(self.marker.start(TENURE))
        self.successResultOf(self.marker.interrupt(0.1))
