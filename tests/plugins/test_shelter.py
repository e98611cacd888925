"""Tests of heart.plugins.shelter."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from heart.plugins.shelter import BrokenPromise, Home, one_line, own_copy


class Turns:
    """A reactor that does what other threads ask of it when the test lets it."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def callFromThread(self, what: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        """Keep it for the reactor's thread."""
        self.waiting.append(lambda: what(*args, **kwargs))

    def turn(self) -> None:
        """Do all of it."""
        waiting, self.waiting = self.waiting, []
        for what in waiting:
            what()


def elsewhere(what: Callable[[], object]) -> None:
    """Do it in another thread, and wait for that."""
    thread = Thread(target=what)
    thread.start()
    thread.join()


class OneLineTests(SynchronousTestCase):
    """What a plug-in says."""

    def test_one_line(self) -> None:
        """It is one line that no terminal acts upon, of a bounded length, whatever was given."""
        self.assertEqual(one_line(" a\nb\t c\x1b[2J "), "a b c\\x1b[2J")
        self.assertEqual(one_line(ValueError("x")), "x")
        self.assertLess(len(one_line("x" * 10_000)), 400)

    def test_unspeakable(self) -> None:
        """Also of what cannot say what it is."""

        class Mute:
            def __str__(self) -> str:
                raise RuntimeError("nothing to say")

        self.assertIn("Mute", one_line(Mute()))

    def test_copy(self) -> None:
        """What a plug-in does to its keys changes no configuration."""
        keys = {"nest": {"north": [1]}}
        own: Any = own_copy(keys)
        own["nest"]["north"].append(2)
        self.assertEqual(keys, {"nest": {"north": [1]}})


class HomeTests(SynchronousTestCase):
    """The reactor's thread."""

    def setUp(self) -> None:
        """It is the test's own."""
        self.reactor = Turns()
        self.home = Home(self.reactor)
        self.given: Deferred[str] = Deferred()

    def test_call(self) -> None:
        """A call in it is made at once, one from elsewhere in a turn of the reactor."""
        calls: list[int] = []
        self.home.call(calls.append, 1)
        self.assertEqual(calls, [1])
        elsewhere(lambda: self.home.call(calls.append, 2))
        self.assertEqual(calls, [1])
        self.reactor.turn()
        self.assertEqual(calls, [1, 2])

    def test_result(self) -> None:
        """What a Deferred or a coroutine gives is passed on."""

        async def coroutine() -> str:
            return await self.given

        at_once = self.home.await_("start", lambda: succeed("at once"))
        self.assertEqual(self.successResultOf(at_once), "at once")
        later = [self.home.await_("start", call) for call in (lambda: self.given, coroutine)]
        self.given.callback("later")
        self.assertEqual([self.successResultOf(awaited) for awaited in later], ["later", "later"])

    def test_failure(self) -> None:
        """So is what goes wrong, at once or later."""
        later = self.home.await_("start", lambda: self.given)
        self.given.errback(ValueError("later"))
        self.assertEqual(str(self.failureResultOf(later, ValueError).value), "later")
        at_once = self.home.await_("start", lambda: 1 / 0)
        self.failureResultOf(at_once, ZeroDivisionError)

    def test_nothing_promised(self) -> None:
        """A method that gives back anything else has not done what it was asked for, as far as is known."""
        failure = self.failureResultOf(self.home.await_("start", lambda: None), BrokenPromise)
        self.assertEqual(str(failure.value), "start gave back None; expected a Deferred")

    def test_fired_elsewhere(self) -> None:
        """A Deferred that a plug-in fires in a thread of its own fires in the reactor's."""
        awaited = self.home.await_("start", lambda: self.given)
        elsewhere(lambda: self.given.callback("done"))
        self.assertNoResult(awaited)
        self.reactor.turn()
        self.assertEqual(self.successResultOf(awaited), "done")

    def test_cancelled(self) -> None:
        """Who waits no longer cancels what was promised."""
        awaited = self.home.await_("start", lambda: self.given)
        awaited.cancel()
        self.failureResultOf(awaited, CancelledError)
        self.assertTrue(self.given.called)

    def test_cancelled_on_the_way(self) -> None:
        """What comes from another thread after that is not missed."""
        awaited = self.home.await_("start", lambda: self.given)
        elsewhere(lambda: self.given.callback("done"))
        awaited.cancel()
        self.failureResultOf(awaited, CancelledError)
        self.reactor.turn()
