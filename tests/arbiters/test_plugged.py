"""Arbiters from plug-ins, sound and broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from heart import plugins
from heart.arbiters import make_arbiter
from heart.config.model import Arbiter
from heart.interfaces import IArbiter, Question
from tests.node.support import logged

QUESTION = Question("web", 7, ("beta",))


@implementer(IArbiter)
class Oracle:
    """Answers what the test has it answer."""

    name = "oracle"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Any:
        """The test's answer."""
        self.asked.append(question)
        return self._answer()


class OracleKind:
    """Makes what the test gives it."""

    def __init__(self, made: object) -> None:
        self.made = made
        self.keys: Mapping[str, object] = {}

    def make(self, keys: dict[str, object], reactor: object, in_thread: object) -> object:
        """The arbiter; an exception is raised."""
        self.keys = dict(keys)
        keys.clear()
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


class PluggedTests(SynchronousTestCase):
    """An arbiter of the kind `oracle`."""

    def setUp(self) -> None:
        """Keep what is logged."""
        self.log = logged(self, "heart.arbiters")

    def make(self, made: object) -> IArbiter:
        """The arbiter that Heart makes of it."""
        self.kind = OracleKind(made)
        self.patch(plugins, "find", lambda interface, kind: self.kind if kind == "oracle" else None)
        self.settings = Arbiter("oracle", {"question": "please"})
        in_thread: Any = None
        arbiter = make_arbiter(self.settings, object(), in_thread)
        verifyObject(IArbiter, arbiter)
        return arbiter

    def answer(self, answer: Callable[[], Any]) -> bool:
        """What comes of an answer."""
        return self.successResultOf(self.make(Oracle(answer)).ask(QUESTION))

    def test_sound(self) -> None:
        """It is asked what Heart asks, and answers yes or no; its keys are a copy."""
        oracle = Oracle(lambda: succeed(True))
        arbiter = self.make(oracle)
        self.assertIs(self.successResultOf(arbiter.ask(QUESTION)), True)
        self.assertEqual((oracle.asked, arbiter.name), ([QUESTION], "oracle"))
        self.assertIs(self.answer(lambda: succeed(False)), False)
        self.assertEqual((self.kind.keys, self.settings.keys), ({"question": "please"},) * 2)
        self.assertEqual(self.log.lines, [])

    def test_coroutine(self) -> None:
        """A coroutine's answer is as good."""

        async def yes() -> bool:
            return True

        self.assertIs(self.answer(yes), True)

    def test_no_clear_yes(self) -> None:
        """Whatever is not True is no, and told: "no" is a true value in Python."""
        for answer in ("no", "yes", 1, None, [True]):
            self.assertIs(self.answer(lambda answer=answer: succeed(answer)), False)  # type: ignore[misc]
        self.assertEqual(
            self.log.lines[0], "The arbiter oracle answered 'no', taken for no; expected True or False"
        )
        self.assertEqual(len(self.log.lines), 5)

    def test_failing(self) -> None:
        """One that fails, raises or promises nothing has said no, and is told."""
        self.assertIs(self.answer(lambda: fail(ValueError("no mood"))), False)
        self.assertIs(self.answer(lambda: 1 / 0), False)
        self.assertIs(self.answer(lambda: True), False)
        self.assertEqual(self.log.lines, ["The arbiter oracle failed, which is taken for no"] * 3)
        self.assertEqual(len(self.flushLoggedErrors()), 3)

    def test_never(self) -> None:
        """One that does not answer leaves the question open, and may be asked again."""
        arbiter = self.make(Oracle(Deferred))
        self.assertNoResult(arbiter.ask(QUESTION))
        self.assertNoResult(arbiter.ask(QUESTION))

    def assert_refuses(self, arbiter: IArbiter, why: str) -> None:
        """It refuses each time, and says why."""
        for _ in range(2):
            self.assertIs(self.successResultOf(arbiter.ask(QUESTION)), False)
        told = [line for line in self.log.lines if line.startswith("The arbiter oracle refuses")]
        self.assertEqual(told, [f"The arbiter oracle refuses web: {why}"] * 2)

    def test_not_made(self) -> None:
        """Where its plug-in cannot make it, the node beats and takes nothing."""
        arbiter = self.make(ValueError("no\nmood"))
        self.assert_refuses(arbiter, "its plug-in failed to make it (ValueError('no\\nmood'))")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_no_arbiter(self) -> None:
        """The same where what it made is none."""
        self.make(object())
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_not_installed(self) -> None:
        """The same where its plug-in is there no more."""
        self.patch(plugins, "find", lambda interface, kind: None)
        in_thread: Any = None
        arbiter = make_arbiter(Arbiter("oracle"), object(), in_thread)
        self.assert_refuses(arbiter, "no plug-in of this kind is installed")
