"""Tests of heart.linux.interfaces, and of links by interface on real interfaces."""

from __future__ import annotations

import errno
import socket
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from heart.linux.interfaces import Interface, InterfaceUnusable, bind_to_interface, look_at
from tests.links.namespaced import NamespaceCase

NAME = "hh-links0"


class LookTests(SynchronousTestCase):
    """Looking at interfaces that every machine has or lacks."""

    def _unusable(self, name: str) -> str:
        return str(self.assertRaises(InterfaceUnusable, look_at, name))

    def test_loopback(self) -> None:
        """The loopback has its index, its address and its broadcast."""
        index = socket.if_nametoindex("lo")
        self.assertEqual(look_at("lo"), Interface("lo", index, "127.0.0.1/8", "127.255.255.255"))

    def test_absent(self) -> None:
        """An interface that is not there is named."""
        self.assertEqual(self._unusable("hh-absent"), "interface hh-absent is not there")

    def test_name_too_long(self) -> None:
        """A name that the kernel would cut to that of another interface is refused."""
        self.assertIn("no name of an interface is longer", self._unusable("l" * 16))

    def test_elsewhere(self) -> None:
        """Where the system cannot bind a socket to an interface, what to do instead is said."""
        self.patch(socket, "SO_BINDTODEVICE", None)
        del socket.SO_BINDTODEVICE
        self.assertIn("needs Linux; give the link a broadcast address", self._unusable("lo"))


class RefusingSocket:
    """A socket that may not be bound, or whose interface has gone."""

    def __init__(self, number: int) -> None:
        self.number = number

    def setsockopt(self, *_: Any) -> None:
        """Refuse as the kernel does."""
        raise OSError(self.number, "injected")


class BindTests(SynchronousTestCase):
    """Binding a socket to an interface."""

    def _refused(self, number: int) -> str:
        bound = cast(socket.socket, RefusingSocket(number))
        interface = Interface("eth0", 2, "10.0.0.1/24", "10.0.0.255")
        return str(self.assertRaises(InterfaceUnusable, bind_to_interface, bound, interface))

    def test_no_permission(self) -> None:
        """A missing permission is told with what to do, in one line."""
        self.assertEqual(
            self._refused(errno.EPERM),
            "interface eth0: no permission to bind to it; run as root or with CAP_NET_RAW",
        )

    def test_gone(self) -> None:
        """An interface that went since it was looked at is told as absent."""
        self.assertEqual(self._refused(errno.ENODEV), "interface eth0 is not there")


class RealInterfaceTests(NamespaceCase):
    """A link by interface while interfaces come and go, in a namespace of its own."""

    program = "tests.links.in_namespace"

    def test_appears(self) -> None:
        """Absent, down, without address, without broadcast: each is told clearly; then it is used."""
        self.assertEqual(
            self.told("appears"),
            [
                ("down", f"interface {NAME} is not there"),
                ("down", f"interface {NAME} is down"),
                ("down", f"interface {NAME} has no IPv4 address"),
                ("down", f"interface {NAME} has 10.1.2.3/32, a network without a broadcast address"),
                ("up", ""),
            ],
        )

    def test_comes_back(self) -> None:
        """Down and up, deleted and back with another address: told clearly, and used again."""
        told = self.told("comes_back")
        self.assertEqual(
            told[:4],
            [
                ("up", ""),
                ("down", f"interface {NAME} is down"),
                ("up", ""),
                ("down", f"interface {NAME} is not there"),
            ],
        )
        self.assertEqual(told[-1], ("up", ""))

    def test_replaced(self) -> None:
        """Another interface of the same name, and one that goes under a send, are told and survived."""
        told = self.told("replaced")
        self.assertEqual(told[0], ("up", ""))
        self.assertRegex(told[1][1], rf"^interface {NAME} \(10.1.2.3/24\) is now 10.1.2.3/24, number \d+$")
        self.assertEqual(told[2], ("up", ""))
        self.assertRegex(told[3][1], rf"^interface {NAME}, broadcast 10.1.2.255 port 694: No such device")

    def test_no_route(self) -> None:
        """A broadcast address without a route is told, and used when it has one."""
        told = self.told("no_route")
        self.assertEqual([what for what, _ in told], ["down", "up", "down"])
        for reason in (told[0][1], told[2][1]):
            self.assertEqual(reason, "broadcast 10.1.2.255 port 694: Network is unreachable")
