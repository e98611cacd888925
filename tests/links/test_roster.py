"""The links of a node across changes of its configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from heart.config.model import Link, PeerAddress, SerialLink, UdpLink
from heart.interfaces import ILink, ILookingUp, LinkUser
from heart.links.roster import ANEW, Roster

LAN = UdpLink("lan", ("alpha", "beta"), 694, broadcast="10.0.0.255")
CABLE = SerialLink("cable", ("alpha", "beta"), "/dev/ttyS0", 115200)


class FakeLink:
    """A link that says when it is started and stopped; its medium is free when the test says so."""

    def __init__(self, settings: Link, log: list[str]) -> None:
        self.name = settings.name
        self.settings = settings
        self.stopped: Deferred[None] = Deferred()
        self._log = log

    def start(self, user: LinkUser) -> None:
        """It is started."""
        self._log.append(f"start {self.name}")

    def look_up_again(self) -> None:
        """It looks names up."""
        self._log.append(f"look up {self.name}")

    def stop(self) -> Deferred[None]:
        """It is stopped."""
        self._log.append(f"stop {self.name}")
        return self.stopped


class RosterTests(SynchronousTestCase):
    """A LAN and a cable."""

    def setUp(self) -> None:
        self.log: list[str] = []
        self.roster = Roster(lambda settings: cast(ILink, FakeLink(settings, self.log)))
        self.adopt(LAN, CABLE)
        self.log.clear()

    def adopt(self, *links: Link) -> None:
        """Have these links from now on."""
        self.roster.adopt(links)
        self.roster.begin(cast(LinkUser, self))

    def link_down(self, link: str, reason: str) -> None:
        """The roster says that a link is down."""
        self.log.append(f"down {link}")
        self.assertEqual(reason, ANEW)

    def link(self, name: str) -> Any:
        """The link that there is now."""
        return self.roster.links[name]

    def test_unchanged(self) -> None:
        """Links whose medium is the same go on untouched, also where others join them."""
        before = dict(self.roster.links)
        self.adopt(replace(LAN, nodes=("alpha", "beta", "gamma")), CABLE)
        self.assertEqual((self.roster.links, self.log), (before, []))

    def test_looks_up_again(self) -> None:
        """A link that looks names up does so again where the configuration says the same of it."""
        peers = replace(LAN, name="peers", broadcast=None, peers=(PeerAddress("beta", "beta.example", 694),))
        self.adopt(LAN, CABLE, peers)
        directlyProvides(self.link("peers"), ILookingUp)
        self.log.clear()
        self.adopt(LAN, CABLE, peers)
        self.assertEqual(self.log, ["look up peers"])

    def test_changed(self) -> None:
        """A changed link is opened anew once its old medium is free, and said to be down until then."""
        old = self.link("cable")
        self.adopt(LAN, replace(CABLE, baud=9600))
        self.assertEqual(self.log, ["stop cable", "down cable"])
        old.stopped.callback(None)
        self.assertEqual(self.log[2:], ["start cable"])
        self.assertEqual(self.link("cable").settings.baud, 9600)

    def test_added_and_removed(self) -> None:
        """A link that is gone is stopped, a new one started."""
        other = replace(LAN, name="other", port=695)
        self.adopt(other, CABLE)
        self.assertEqual(self.log, ["stop lan", "start other"])
        self.assertEqual(list(self.roster.links), ["other", "cable"])

    def test_changed_twice_in_a_row(self) -> None:
        """Of two changes in a row only the last is started."""
        old = self.link("cable")
        self.adopt(LAN, replace(CABLE, baud=9600))
        between = self.link("cable")
        self.adopt(LAN, replace(CABLE, baud=19200))
        old.stopped.callback(None)
        between.stopped.callback(None)
        self.assertEqual(self.log.count("start cable"), 1)
        self.assertEqual(self.link("cable").settings.baud, 19200)

    def test_end_while_one_is_exchanged(self) -> None:
        """At the end nothing is started any more."""
        old = self.link("cable")
        self.adopt(LAN, replace(CABLE, baud=9600))
        self.roster.stop()
        old.stopped.callback(None)
        self.assertNotIn("start cable", self.log)
