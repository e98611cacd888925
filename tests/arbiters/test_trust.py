"""The arbiter `trust`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyClass, verifyObject

from heart.arbiters.trust import Trust
from heart.interfaces import IArbiter, Question


class TrustTests(SynchronousTestCase):
    """Silence on every link is death."""

    def test_interface(self) -> None:
        """Trust is an arbiter."""
        self.assertTrue(verifyClass(IArbiter, Trust))
        self.assertTrue(verifyObject(IArbiter, Trust()))

    def test_name(self) -> None:
        """It is called as it is chosen in the configuration."""
        self.assertEqual(Trust.name, "trust")

    def test_agrees_at_once(self) -> None:
        """It says yes before it has returned, whoever is silent."""
        trust = Trust()
        for silent in ((), ("beta",), ("beta", "gamma")):
            self.assertIs(self.successResultOf(trust.ask(Question("web", 7, silent))), True)

    def test_each_question_is_answered(self) -> None:
        """A question asked again has an answer of its own: one that was used up is of no use to anybody."""
        trust, question = Trust(), Question("web", 7, ("beta",))
        first, second = trust.ask(question), trust.ask(question)
        first.addCallback(lambda granted: None)
        self.assertIs(self.successResultOf(second), True)
