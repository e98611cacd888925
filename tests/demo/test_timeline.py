"""Lines of the timeline."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from heart.demo.timeline import line, moment, tell, worth_telling
from tests.demo.support import event


class TellTests(SynchronousTestCase):
    """Events as sentences."""

    def test_takeover(self) -> None:
        """A takeover is told with its term and its reason."""
        told = tell(event("beta", "takeover", service="web", term=7, reason="alpha held it, and is dead"))
        self.assertEqual(told, "beta takes over web (term 7): alpha held it, and is dead")

    def test_link_with_peer(self) -> None:
        """A peer that is not heard on a link is told otherwise than a link that is closed."""
        self.assertEqual(
            tell(event("beta", "link-down", link="lan", peer="alpha")), "beta no longer hears alpha on lan"
        )
        self.assertEqual(
            tell(event("beta", "link-down", link="lan", reason="gone")), "beta link-down lan: gone"
        )

    def test_unknown(self) -> None:
        """What is not known, or lacks what it is told with, is told as `heart events` tells it."""
        self.assertEqual(tell(event("beta", "newer", reason="one day")), "beta newer: one day")
        self.assertEqual(tell(event("beta", "takeover", service="web")), "beta takeover web: because")

    def test_one_line(self) -> None:
        """Nothing in an event can act upon the terminal."""
        self.assertEqual(tell(event("beta", "newer", reason="a\n\x1b[2Jb")), "beta newer: a ?[2Jb")

    def test_mute(self) -> None:
        """The arbiter's agreement is not told beside the takeover."""
        self.assertEqual([worth_telling(event("a", kind)) for kind in ("arbiter", "takeover")], [False, True])


class LineTests(SynchronousTestCase):
    """Times."""

    def test_times(self) -> None:
        """A line has the time since the start, and since the cause where there is one, in milliseconds."""
        self.assertEqual(line("held", 4.2131, 1.0209), "  4.213 s   +1.021 s  held")
        self.assertEqual(line("kill alpha", 104.2), "104.200 s             kill alpha")

    def test_moment(self) -> None:
        """Moments of events can be told apart to the millisecond."""
        apart = moment(event("beta", "held", 21)) - moment(event("alpha", "held", 1))
        self.assertEqual(apart.total_seconds(), 0.02)
