"""Tests of heart.links.medium."""

from __future__ import annotations

import errno
import termios
from collections.abc import Sequence

from twisted.internet.error import ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from heart.links.medium import Condition, why
from tests.links.wires import Notes


class ConditionTests(SynchronousTestCase):
    """What a link's user is told."""

    def setUp(self) -> None:
        self.notes = Notes()
        self.condition = Condition("lan")
        self.condition.start(self.notes)

    def test_changes_only(self) -> None:
        """Each change is told once; the same reason is told anew after the link was up."""
        for _ in range(2):
            self.condition.went_down("pulled")
        self.condition.went_down("gone")
        for _ in range(2):
            self.condition.went_up()
        self.condition.went_down("gone")
        self.assertEqual(
            self.notes.told, [("down", "pulled"), ("down", "gone"), ("up", ""), ("down", "gone")]
        )

    def test_nothing_after_stop(self) -> None:
        """After stop nothing is told, and the link is not up."""
        self.condition.went_up()
        self.condition.stop()
        self.condition.went_down("gone")
        self.condition.frames([b"beat"])
        self.assertFalse(self.condition.up)
        self.assertEqual((self.notes.told, self.notes.frames), ([("up", "")], []))

    def test_user_that_raises(self) -> None:
        """A user that raises is logged; of frames, the first since the link came up."""

        class Broken(Notes):
            def frames_received(self, link: str, frames: Sequence[bytes]) -> None:
                raise RuntimeError(link)

            def link_up(self, link: str) -> None:
                raise RuntimeError(link)

        self.condition.start(Broken())
        self.condition.went_up()
        for _ in range(5):
            self.condition.frames([b"beat"])
        self.assertTrue(self.condition.up)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)


class WhyTests(SynchronousTestCase):
    """Errors in words."""

    def test_words(self) -> None:
        """An error with a number is told in the words of the system, another by its text."""
        self.assertEqual(why(OSError(errno.ENETDOWN, "x", "y")), "Network is down")
        self.assertEqual(why(termios.error(errno.EIO, "x")), "Input/output error")
        self.assertEqual(why(ValueError("surprise")), "surprise")
        self.assertIn("lost", why(ConnectionLost()))
