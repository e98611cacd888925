"""Tests of heart.links.domains: links by multicast group, on real interfaces and beside each other."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import UdpLink as Settings
from heart.interfaces import ILink
from heart.links.domains import Broadcast, Group, InterfaceBroadcast, domain_of
from heart.links.udp import LOOK, UdpLink
from heart.linux.interfaces import Interface, InterfaceUnusable
from heart.linux.routes import interface_towards
from tests.links.behaviours import LinkBehaviours, open_descriptors
from tests.links.namespaced import NamespaceCase
from tests.links.test_udp import EVERYBODY, WatchedBroadcast
from tests.links.wires import LinkTestCase, Notes, free_port, reactor

NAME = "hh-links0"


class LoopbackGroupTests(LinkBehaviours, LinkTestCase):
    """The real link, by a group on the loopback; in IPv6 the loopback carries none."""

    def make_pair(self) -> tuple[ILink, ILink]:
        settings = Settings("lan", ("a", "b"), free_port(), group="239.1.2.3", interface="lo")
        return UdpLink(settings, reactor, self.in_thread), UdpLink(settings, reactor, self.in_thread)

    def make_dead(self) -> tuple[ILink, str]:
        settings = Settings("lan", ("a", "b"), free_port(), group="ff02::4865", interface="lo")
        return UdpLink(settings, reactor, self.in_thread), "interface lo has no link-local IPv6 address"


class DomainTests(SynchronousTestCase):
    """Which domain is made, and what it says of itself."""

    ETH9 = Interface("eth9", 7, "10.0.0.1/24", "10.0.0.255")

    def _settings(self, **medium: Any) -> Settings:
        return Settings("lan", ("a",), 694, **medium)

    def test_kinds(self) -> None:
        """Each medium makes its domain; a group with an interface is a group."""
        for medium, kind in (
            ({"broadcast": "10.0.0.255"}, Broadcast),
            ({"interface": "eth9"}, InterfaceBroadcast),
            ({"group": "239.1.2.3"}, Group),
            ({"group": "239.1.2.3", "interface": "eth9"}, Group),
        ):
            self.assertIsInstance(domain_of(self._settings(**medium)), kind)

    def test_targets(self) -> None:
        """Frames go to the broadcast address of the interface, or to the group, in IPv6 on the interface."""
        for medium, target in (
            ({"broadcast": "10.0.1.255"}, ("10.0.1.255", 694)),
            ({"interface": "eth9"}, ("10.0.0.255", 694)),
            ({"group": "239.1.2.3", "interface": "eth9"}, ("239.1.2.3", 694)),
            ({"group": "ff02::1", "interface": "eth9"}, ("ff02::1", 694, 0, 7)),
        ):
            self.assertEqual(domain_of(self._settings(**medium)).target(self.ETH9), target)

    def test_words(self) -> None:
        """Each names its interface where it has one, and its address and port."""
        for medium, words in (
            ({"broadcast": "10.0.1.255"}, "broadcast 10.0.1.255 port 694"),
            ({"interface": "eth9"}, "interface eth9, broadcast 10.0.0.255 port 694"),
            ({"group": "239.1.2.3"}, "interface eth9, group 239.1.2.3 port 694"),
            ({"group": "ff02::1", "interface": "eth9"}, "interface eth9, group ff02::1 port 694"),
        ):
            self.assertEqual(domain_of(self._settings(**medium)).describe(self.ETH9), words)


class ThreadTests(SynchronousTestCase):
    """Where a group is joined or left: never on the reactor's thread, where the kernel could stall it."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.notes = Notes()
        self.stalled: Deferred[None] = succeed(None)
        self.in_thread_now = False
        port = free_port()
        self.domain = WatchedBroadcast(port, Interface("eth9", 1, "127.0.0.1/8", EVERYBODY), joins=True)
        opening = self.domain.open

        def open_in_thread(interface: Interface | None) -> socket.socket:
            self.assertTrue(self.in_thread_now, "joined on the reactor's thread")
            return opening(interface)

        self.patch(self.domain, "open", open_in_thread)
        self.closed: list[bool] = []
        closing = os.close

        def close(descriptor: int) -> None:
            self.closed.append(self.in_thread_now)
            closing(descriptor)

        self.patch(os, "close", close)
        settings = Settings("lan", ("a",), port, group="239.1.2.3", interface="eth9")
        self.link = UdpLink(settings, self.reactor, self._in_thread, self.domain)

    def _in_thread(self, work: Any, /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        def run(_: None) -> Any:
            self.in_thread_now = True
            try:
                return work(*args, **kwargs)
            finally:
                self.in_thread_now = False

        done: Deferred[Any] = Deferred()
        self.stalled.addCallback(lambda _: self._answer(done, run))
        return done

    def _answer(self, done: Deferred[Any], run: Any) -> None:
        try:
            result = run(None)
        except Exception:
            done.errback()
        else:
            done.callback(result)

    def test_replaced(self) -> None:
        """On another interface it is joined in the thread, and the old socket is closed there too."""
        self.link.start(self.notes)
        self.domain.found = Interface("eth9", 2, "127.0.0.1/8", EVERYBODY)
        self.reactor.advance(LOOK)
        self.assertTrue(self.notes.up)
        self.assertEqual(self.closed, [True])
        self.assertEqual(len(self.reactor.getReaders()), 1)
        self.successResultOf(self.link.stop())
        self.assertEqual(self.closed, [True, True])

    def test_stop_waits(self) -> None:
        """Stop fires when the thread has closed the socket; while that stalls nothing is told."""
        before = open_descriptors()
        self.link.start(self.notes)
        self.stalled = Deferred()
        stopped = self.link.stop()
        self.assertNoResult(stopped)
        self.assertEqual(self.reactor.getReaders(), [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.stalled.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(open_descriptors(), before)

    def test_stop_while_it_joins(self) -> None:
        """A socket that is there only after the stop is closed, and not used."""
        before = open_descriptors()
        self.stalled = Deferred()
        self.link.start(self.notes)
        stopped = self.link.stop()
        self.stalled.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(open_descriptors(), before)
        self.assertEqual((self.notes.told, self.reactor.getReaders()), ([], []))

    def test_join_refused(self) -> None:
        """A group that cannot be joined is told, and tried again."""

        def refuse(interface: Interface | None) -> socket.socket:
            raise OSError(errno.ENOBUFS, "injected")

        self.patch(self.domain, "open", refuse)
        self.link.start(self.notes)
        self.assertEqual(self.notes.reasons, ["interface eth9: No buffer space available"])
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)
        self.link.stop()

    def test_routed_elsewhere(self) -> None:
        """A route that leads to another interface than before is told with both."""
        self.link.start(self.notes)
        self.domain.found = Interface("eth8", 3, "127.0.0.2/8", EVERYBODY)
        self.reactor.advance(LOOK)
        self.assertEqual(
            self.notes.reasons, ["interface eth9 (127.0.0.1/8) is now interface eth8 (127.0.0.2/8)"]
        )
        self.assertTrue(self.notes.up)
        self.link.stop()

    def test_never_without_an_interface(self) -> None:
        """A group is not opened before its interface is known."""
        self.assertRaises(ValueError, Group("239.1.2.3", 694, None).open, None)


class RouteTests(SynchronousTestCase):
    """Asking for routes."""

    def test_loopback(self) -> None:
        """This machine reaches itself by the loopback, in both families."""
        for address in ("127.0.0.1", "::1"):
            self.assertEqual(interface_towards(address), "lo")

    def test_elsewhere(self) -> None:
        """Where the system cannot be asked, what to do instead is said."""
        self.patch(socket, "AF_NETLINK", None)
        del socket.AF_NETLINK
        refused = self.assertRaises(InterfaceUnusable, Group("239.1.2.3", 694, None).look)
        self.assertIn("needs Linux; give the link a broadcast address", str(refused))


class RealGroupTests(NamespaceCase):
    """Links by group while interfaces come and go, in a namespace of its own."""

    program = "tests.links.groups_in_namespace"

    def test_comes_back(self) -> None:
        """IPv4: absent, down, replaced by another of its name, deleted: told, joined again, and heard."""
        told = self.told("comes_back_v4")
        self.assertEqual(
            told[:4],
            [
                ("down", f"interface {NAME} is not there"),
                ("up", ""),
                ("down", f"interface {NAME} is down"),
                ("up", ""),
            ],
        )
        self.assertEqual(told[-2:], [("up", ""), ("down", f"interface {NAME} is not there")])

    def test_comes_back_ipv6(self) -> None:
        """IPv6: the same, and an address that the kernel still tests is waited for."""
        told = self.told("comes_back_v6")
        self.assertEqual(told[0], ("down", f"interface {NAME} is not there"))
        self.assertIn(("down", f"interface {NAME} has no link-local IPv6 address that is ready"), told)
        self.assertEqual([what for what, _ in told].count("up"), 3)
        self.assertEqual(told[-1], ("down", f"interface {NAME} is not there"))

    def test_by_route(self) -> None:
        """Without an interface the route's is joined on, and again where another takes its place."""
        told = self.told("by_route")
        self.assertEqual(told[0], ("down", "no route to the group 239.1.2.3: Network is unreachable"))
        self.assertEqual(told[1], ("up", ""))
        self.assertEqual(
            told[-2:],
            [
                ("down", f"interface {NAME} (10.1.2.3/24) is now interface hh-links1 (10.5.6.7/24)"),
                ("up", ""),
            ],
        )

    def test_over_a_cable(self) -> None:
        """What is sent to a group on one interface arrives on another, in both families."""
        for scenario in ("two_interfaces_v4", "two_interfaces_v6"):
            self.assertEqual(self.told(scenario)[-1], ("up", ""))

    def test_alone(self) -> None:
        """A link hears what is sent to its group and port alone; broadcast links hear no group."""
        self.assertEqual(self.told("alone"), [("up", "")])

    def test_near(self) -> None:
        """A group's frames have a time to live of one: no router passes them on."""
        self.assertEqual(self.told("near"), [("up", "")])
