"""What an address tells by itself: its interface's state, its loss, and other machines that claim it."""

from __future__ import annotations

import errno
import os

from twisted.logger import capturedLogs

from heart.resources.announcing import REPEATS
from heart.resources.defence import FRESH, INTERVAL
from tests.resources.address_case import ADDRESS, LABEL, AddressCase
from tests.resources.fakes import TENURE

DOWN = "interface hh-a has no carrier"
GONE = f"{LABEL}: is not there any more"
SERIES = 1 + len(REPEATS)


class InterfaceTests(AddressCase):
    """The interface's own state."""

    def test_each_change(self) -> None:
        """Held or not, each change is told once, and nothing where all is well from the beginning."""
        watch = self.watch()
        watch.user.interface_changed(None)
        self.assertEqual(self.told.news, [])
        for problem in (DOWN, DOWN, "interface hh-a is down", None, None):
            watch.user.interface_changed(problem)
        expected = [("hindered", DOWN), ("hindered", "interface hh-a is down"), ("hindered", None)]
        self.assertEqual(self.told.news, expected)
        self.start()
        watch.user.interface_changed(DOWN)
        self.assertEqual(self.told.news, [*expected, ("hindered", DOWN)])

    def test_works_again(self) -> None:
        """A held address whose interface works again is announced again, and claims are heard afresh."""
        watch = self.watch()
        self.start()
        watch.user.interface_changed(DOWN)
        announced, listens = len(self.book.announced), watch.listens
        watch.user.interface_changed(None)
        self.pass_announcements()
        self.assertEqual(len(self.book.announced) - announced, SERIES)
        self.assertEqual(watch.listens - listens, 1)

    def test_not_held(self) -> None:
        """One that is not held is neither announced nor looked for when its interface works again."""
        watch = self.watch()
        watch.user.interface_changed(DOWN)
        watch.user.interface_changed(None)
        self.assertEqual((self.threads.waiting, watch.listens), ([], 0))

    def test_goes_with_its_interface(self) -> None:
        """What went with the interface is no loss while that is told, and one when the interface is back."""
        watch = self.watch()
        self.start()
        watch.user.interface_changed("interface hh-a is not there")
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        self.threads.work()
        self.assertEqual([what for what, _ in self.told.news], ["hindered"])
        watch.user.interface_changed(None)
        self.pass_announcements()
        self.assertEqual(self.told.news[1:], [("hindered", None), ("lost", GONE)])

    def test_gone_before_that_is_known(self) -> None:
        """Where the interface's end is told while the address is looked for, the address is no loss."""
        watch = self.watch()
        self.start()
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        watch.user.interface_changed("interface hh-a is not there")
        self.threads.work()
        self.assertEqual([what for what, _ in self.told.news], ["hindered"])


class LossTests(AddressCase):
    """An address that somebody takes away."""

    def test_deleted(self) -> None:
        """One that is not there any more is told as lost."""
        watch = self.watch()
        self.start()
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        self.assertEqual(self.told.news, [])
        self.threads.work()
        self.assertEqual(self.told.news, [("lost", GONE)])

    def test_told_once(self) -> None:
        """News that comes in the middle of a look tells the same loss no second time; the next one is."""
        watch = self.watch()
        self.start()
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        self.threads.waiting.pop(0)()
        watch.user.address_changed()
        self.threads.work()
        self.assertEqual(self.told.news, [("lost", GONE)])
        self.stop()
        self.start()
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        self.threads.work()
        self.assertEqual(self.told.news, [("lost", GONE), ("lost", GONE)])

    def test_put_back(self) -> None:
        """One that is there again when it is looked for was not lost; many news at once are one look."""
        watch = self.watch()
        self.start()
        for _ in range(100):
            watch.user.address_changed()
        self.assertEqual(len(self.threads.waiting), 1)
        self.threads.work()
        self.assertEqual(self.told.news, [])

    def test_during_a_start(self) -> None:
        """One that is deleted between its start and our word of it is told as lost."""
        watch = self.watch()
        started = self.address.start(TENURE)
        waiting, self.threads.waiting = self.threads.waiting, []
        waiting[0]()
        self.book.held["hh-a"].clear()
        watch.user.address_changed()
        self.threads.work()
        self.successResultOf(started)
        self.assertEqual(self.told.news, [("lost", GONE)])
        self.pass_announcements()

    def test_stopped(self) -> None:
        """What goes because it is stopped is not lost, not even where a look was under way."""
        watch = self.watch()
        self.start()
        watch.user.address_changed()
        self.stop()
        watch.user.address_changed()
        self.threads.work()
        self.assertEqual(self.told.news, [])

    def test_look_that_fails(self) -> None:
        """A look that fails tells nothing of the address; it is logged in one line."""
        watch = self.watch()
        self.start()
        self.book.failure = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        watch.user.address_changed()
        with capturedLogs() as events:
            self.threads.work()
        self.assertEqual([event["doing"] for event in events], ["looking for it"])
        self.assertEqual(self.told.news, [])

    def test_closed(self) -> None:
        """Once it is closed, it hears and tells nothing, and has no timer left."""
        self.address.watch(self.told)
        (watch,) = self.book.watches
        started = self.address.start(TENURE)
        self.threads.work()
        self.successResultOf(started)
        self.stop()
        self.address.close()
        self.assertTrue(watch.closed)
        watch.user.interface_changed(DOWN)
        self.assertEqual(self.told.news, [])


class StatusTests(AddressCase):
    """What it answers when it is asked."""

    def ask(self) -> str | None:
        """Its problem, None where it runs."""
        asked = self.address.status(TENURE)
        self.threads.work()
        answer: str | None = self.successResultOf(asked.addErrback(lambda failure: str(failure.value)))
        return answer

    def test_there(self) -> None:
        """It runs while it is there; the answer comes from a thread."""
        self.start()
        asked = self.address.status(TENURE)
        self.assertNoResult(asked)
        self.threads.work()
        self.successResultOf(asked)

    def test_gone(self) -> None:
        """It does not run once it is not there."""
        self.start()
        self.book.held["hh-a"].clear()
        self.assertEqual(self.ask(), GONE)

    def test_interface_is_the_reason(self) -> None:
        """While the interface is told to be the reason, that it went with it is no failure."""
        watch = self.watch()
        self.start()
        self.book.held["hh-a"].clear()
        watch.user.interface_changed(DOWN)
        self.assertIsNone(self.ask())
        watch.user.interface_changed(None)
        self.pass_announcements()
        self.assertEqual(self.ask(), GONE)

    def test_interrupted(self) -> None:
        """A status that stalls ends when it is interrupted."""
        self.start()
        asked = self.address.status(TENURE)
        ended = self.address.interrupt(0.1)
        self.assertIn("was interrupted", self.failure(asked))
        self.threads.work()
        self.successResultOf(ended)


class ClaimTests(AddressCase):
    """Other machines that claim it."""

    def setUp(self) -> None:
        super().setUp()
        self.seen = self.watch()

    def contests(self) -> list[str | None]:
        """What was told of claims."""
        return [reason for what, reason in self.told.news if what == "contested"]

    def test_answered(self) -> None:
        """The first claim is answered by an announcement at once, and told."""
        self.start()
        self.book.announced.clear()
        self.seen.claim()
        self.threads.work()
        self.assertEqual(self.book.announced, [ADDRESS])
        said = "10.9.0.100 is claimed by 02:00:00:00:00:99; announced again"
        self.assertEqual(self.told.news, [("contested", said)])
        self.pass_time(INTERVAL + 1)
        self.assertEqual(len(self.book.announced), SERIES)

    def test_bounded(self) -> None:
        """Claims without end are told and answered once in the interval, and the last one, too."""
        self.start()
        self.book.announced.clear()
        for _ in range(350):  # 35 s
            self.seen.claim()
            self.clock.advance(0.1)
            self.threads.work()
        self.assertEqual(len(self.contests()), 4)
        self.pass_time(3 * INTERVAL)
        self.assertEqual(len(self.contests()), 5)
        self.assertEqual(len(self.book.announced), 5 * SERIES)

    def test_holder_before(self) -> None:
        """What the holder before had under way when we began is not told; we announce on after it."""
        started = self.address.start(TENURE)
        self.threads.work()
        self.successResultOf(started)
        self.clock.advance(FRESH / 2)
        self.seen.claim()
        self.pass_announcements()
        self.assertEqual(self.contests(), [])
        self.assertEqual(len(self.book.announced), SERIES)

    def test_let_go(self) -> None:
        """From the first moment of a stop on it is not defended: another may have it now."""
        self.start()
        self.seen.claim()
        self.threads.work()
        announced = len(self.book.announced)
        stopped = self.address.stop(TENURE, 1)
        self.assertFalse(self.seen.listening)
        self.seen.user.claimed("02:00:00:00:00:99")
        self.threads.work()
        self.successResultOf(stopped)
        self.pass_time(2 * INTERVAL)
        self.assertEqual((len(self.book.announced), len(self.contests())), (announced, 1))

    def test_not_held(self) -> None:
        """Claims are heard only while it is held."""
        self.seen.claim()
        self.assertEqual((self.seen.listens, self.told.news), (0, []))
        self.start()
        self.assertTrue(self.seen.listening)
