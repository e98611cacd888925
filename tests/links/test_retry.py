"""Tests of heart.links.retry."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from heart.links.retry import Backoff, Retry


class BackoffTests(SynchronousTestCase):
    """The numbers."""

    def test_doubles_to_its_bound(self) -> None:
        """A quarter of a second, doubling to five."""
        waits: list[float] = []
        for _ in range(2000):
            waits.append(Backoff().after(waits[-1] if waits else None))
        self.assertEqual(waits[:6], [0.25, 0.5, 1.0, 2.0, 4.0, 5.0])
        self.assertEqual(waits[-1], 5.0)


class RetryTests(SynchronousTestCase):
    """The waiting."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.tries: list[float] = []
        self.retry = Retry(self.clock, self._try)

    def _try(self) -> None:
        self.tries.append(self.clock.seconds())

    def _fail(self, times: int) -> list[float]:
        """Fail that often in a row; the waits that came of it."""
        waits = []
        for _ in range(times):
            begun = self.clock.seconds()
            self.retry.failed()
            while self.retry.waiting:
                self.clock.advance(0.25)
            waits.append(self.tries[-1] - begun)
        return waits

    def test_waits_longer(self) -> None:
        """Each failure in a row is waited out for longer."""
        self.assertEqual(self._fail(7), [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0])

    def test_one_call_only(self) -> None:
        """Failing again while a try is to come changes nothing."""
        self.retry.failed()
        self.retry.failed()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0.25)
        self.assertEqual(self.tries, [0.25])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_soon_lost_waits_on(self) -> None:
        """A medium that is lost as soon as it is open is not tried faster for that."""
        self._fail(3)
        self.retry.opened()
        self.clock.advance(1.0)
        self.assertEqual(self._fail(1), [2.0])

    def test_settled_begins_anew(self) -> None:
        """A medium that was open for ten seconds is tried again soon."""
        self._fail(5)
        self.retry.opened()
        self.clock.advance(10.0)
        self.assertEqual(self._fail(2), [0.25, 0.5])

    def test_opened_ends_waiting(self) -> None:
        """Nothing is tried while the medium is open."""
        self.retry.failed()
        self.retry.opened()
        self.clock.advance(60)
        self.assertEqual(self.tries, [])

    def test_stop(self) -> None:
        """After stop nothing is pending; a second stop does nothing."""
        self.retry.failed()
        self.retry.stop()
        self.retry.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
