"""The gratuitous ARP, in bytes and on a cable."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.linux import arp
from tests.linux.network import enter_network, ip


class FrameTests(SynchronousTestCase):
    """The format: RFC 826, byte by byte."""

    def test_frames(self) -> None:
        """Both say in their sender's and their target's address where it is; both are broadcast."""
        request, reply = arp.frames(bytes.fromhex("020000000001"), "10.9.0.100")
        ethernet = "ffffffffffff 020000000001 0806"
        self.assertEqual(
            request,
            bytes.fromhex(ethernet + "0001 0800 06 04 0001 020000000001 0a090064 000000000000 0a090064"),
        )
        self.assertEqual(
            reply,
            bytes.fromhex(ethernet + "0001 0800 06 04 0002 020000000001 0a090064 020000000001 0a090064"),
        )

    @given(st.binary(min_size=6, max_size=6), st.ip_addresses(v=4))
    def test_any(self, mac: bytes, address: IPv4Address) -> None:
        """Whatever the addresses, each frame has 42 bytes and names both twice."""
        for frame in arp.frames(mac, str(address)):
            self.assertEqual((len(frame), frame[22:28]), (42, mac))
            self.assertEqual((frame[28:32], frame[38:42]), (address.packed, address.packed))


class CableTests(SynchronousTestCase):
    """What comes out at the other end of a cable."""

    def setUp(self) -> None:
        enter_network(self)

    def listen(self, interface: str) -> socket.socket:
        """Hears ARP on an interface."""
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
        self.addCleanup(listener.close)
        listener.bind((interface, 0x0806))
        listener.settimeout(2)
        return listener

    def test_heard(self) -> None:
        """The peer hears a request and a reply that name the interface's own MAC."""
        listener = self.listen("hh-b")
        mac = bytes.fromhex(ip("-br", "link", "show", "dev", "hh-a").split()[2].replace(":", ""))
        arp.announce("10.9.0.100", "hh-a")
        self.assertEqual((listener.recv(100), listener.recv(100)), arp.frames(mac, "10.9.0.100"))

    def test_taught(self) -> None:
        """A peer whose neighbour table holds the address at another MAC learns the new one."""
        ip("address", "add", "10.9.0.2/24", "dev", "hh-b")
        ip("neighbour", "add", "10.9.0.100", "lladdr", "02:00:00:00:00:99", "nud", "stale", "dev", "hh-b")
        mac = ip("-br", "link", "show", "dev", "hh-a").split()[2]
        arp.announce("10.9.0.100", "hh-a")
        self.assertIn(mac, ip("neighbour", "show", "10.9.0.100", "dev", "hh-b"))

    def test_nobody_to_tell(self) -> None:
        """On loopback, and where there is no ARP, nothing is sent and nothing is wrong."""
        listener = self.listen("hh-b")
        listener.settimeout(0.1)
        ip("link", "set", "hh-a", "arp", "off")
        arp.announce("10.9.0.100", "hh-a")
        arp.announce("10.9.0.100", "lo")
        self.assertRaises(TimeoutError, listener.recv, 100)

    def test_gone(self) -> None:
        """An interface that is down or not there is an OSError."""
        ip("link", "set", "hh-a", "down")
        down = self.assertRaises(OSError, arp.announce, "10.9.0.100", "hh-a")
        self.assertEqual(down.errno, errno.ENETDOWN)
        absent = self.assertRaises(OSError, arp.announce, "10.9.0.100", "hh-none")
        self.assertEqual(absent.errno, errno.ENODEV)
