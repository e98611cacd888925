"""What stands where an arbiter would, under `quorum`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from heart.arbiters import make_arbiter
from heart.arbiters.nobody import Nobody
from heart.config.model import Arbiter
from heart.interfaces import IArbiter, Question
from tests.node.support import at_once


class NobodyTests(SynchronousTestCase):
    """Where nodes vote nobody else is asked."""

    def test_made(self) -> None:
        """It is what is made for `quorum`, and it is an arbiter."""
        made = make_arbiter(Arbiter("quorum"), object(), at_once)
        self.assertIsInstance(made, Nobody)
        self.assertTrue(verifyObject(IArbiter, made))
        self.assertEqual(made.name, "quorum")

    def test_refuses(self) -> None:
        """A question that nobody voted on is refused at once."""
        self.assertIs(self.successResultOf(Nobody().ask(Question("web", 7, ("beta",)))), False)
