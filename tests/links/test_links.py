"""Tests of heart.links: links made from a configuration, and beside each other."""

from __future__ import annotations

import os

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from zope.interface.verify import verifyObject

from heart.config import model
from heart.interfaces import ILink
from heart.links import make_link
from heart.links.framing import enclose
from heart.links.peers import PeersLink
from heart.links.plugged import Unmade
from heart.links.serial import SerialLink
from heart.links.udp import UdpLink
from tests.links.test_serial import SerialTestCase
from tests.links.wires import LinkTestCase, Notes, free_port, reactor

__all__ = ["BesideEachOtherTests", "MakingTests"]


class MakingTests(LinkTestCase):
    """Which link is made of which settings."""

    def test_udp(self) -> None:
        """A list of peers makes a link of its own kind, all other UDP is a domain."""
        peers = (model.PeerAddress("b", "127.0.0.1", 694),)
        made = make_link(model.UdpLink("wan", ("a", "b"), 694, peers=peers), reactor, self.threads)
        self.assertIsInstance(made, PeersLink)
        made = make_link(model.UdpLink("lan", ("a", "b"), 694, group="239.1.2.3"), reactor, self.threads)
        self.assertIsInstance(made, UdpLink)

    def test_plugged(self) -> None:
        """A kind from a plug-in makes a link of its own, also where that cannot be made."""
        made = make_link(model.PluginLink("air", ("a", "b"), "heart-none", {}), reactor, self.threads)
        self.assertIsInstance(made, Unmade)


class BesideEachOtherTests(SerialTestCase):
    """A serial link and a UDP link on one reactor."""

    def setUp(self) -> None:
        super().setUp()
        lan = model.UdpLink("lan", ("a", "b"), free_port(), broadcast="127.255.255.255")
        cable = model.SerialLink("cable", ("a", "b"), str(self.cable.a.path), 460800)
        self.lan = make_link(lan, reactor, self.threads)
        self.line = make_link(cable, reactor, self.threads)

    def test_kinds(self) -> None:
        """Each kind of settings makes its link, by its name."""
        for link, kind, name in ((self.lan, UdpLink, "lan"), (self.line, SerialLink, "cable")):
            verifyObject(ILink, link)
            self.assertIsInstance(link, kind)
            self.assertEqual(link.name, name)

    def test_garbage_starves_nobody(self) -> Deferred[None]:
        """While a line pours out garbage without end, UDP frames pass, and the line still finds its own."""
        return self.run_coroutine(self._garbage_starves_nobody())

    async def _garbage_starves_nobody(self) -> None:
        lan, line = Notes(), Notes()
        for link, notes in ((self.lan, lan), (self.line, line)):
            link.start(notes)
            self.addCleanup(link.stop)
        await self.until(lambda: lan.up and line.up, "both are up")
        assert isinstance(self.line, SerialLink)
        poured, garbage = [0], [True]

        def pour() -> None:
            if garbage[0]:
                poured[0] += self.cable.a.put(os.urandom(65536))
                reactor.callLater(0, pour)

        pour()
        for count in range(1, 101):
            self.lan.send(b"beat")
            await self.until(lambda count=count: len(lan.frames) >= count, "a UDP frame passes", 1.0)  # type: ignore[misc]
        garbage[0] = False
        self.assertGreater(poured[0], 100_000)
        self.assertGreater(self.line.damaged, 100)
        await deferLater(reactor, 0.05)
        await self.until(lambda: self.cable.a.put(enclose(b"sound")), "the line takes a frame")
        await self.until(lambda: b"sound" in line.frames, "the frame after the garbage")
        self.assertTrue(line.up)
