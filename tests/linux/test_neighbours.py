"""The unsolicited neighbour advertisement, in bytes and on a cable."""

from __future__ import annotations

import errno
import struct
from ipaddress import IPv6Address
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.linux import neighbours
from heart.linux.addresses import add_address
from tests.linux.network import enter_network, hardware, ip, other_machine, packets, wait_until

IPV6 = 0x86DD
ADDRESS = "fd00:9::100"
MAC = bytes.fromhex("020000000001")


class FrameTests(SynchronousTestCase):
    """The format: RFC 8200 and RFC 4861, byte by byte."""

    def test_frame(self) -> None:
        """To all nodes, with 255 hops, overriding, with the target's link-layer address, from a host."""
        expected = (
            "333300000001 020000000001 86dd"
            "60000000 0020 3a ff fd000009000000000000000000000100 ff020000000000000000000000000001"
            "88 00 588b 20000000 fd000009000000000000000000000100 02 01 020000000001"
        )
        self.assertEqual(neighbours.frame(MAC, ADDRESS, router=False).hex(), expected.replace(" ", ""))

    def test_router(self) -> None:
        """A machine that forwards says so: hosts would else cease to use it as their router."""
        flags = neighbours.frame(MAC, ADDRESS, router=True)[58:62]
        self.assertEqual(flags.hex(), "a0000000")

    @given(st.binary(min_size=6, max_size=6), st.ip_addresses(v=6), st.booleans())
    def test_any(self, mac: bytes, address: IPv6Address, router: bool) -> None:
        """Whatever the addresses, the checksum over message and pseudo-header is right (RFC 1071)."""
        frame = neighbours.frame(mac, str(address), router)
        source, target, message = frame[22:38], frame[38:54], frame[54:]
        words = source + target + struct.pack("!II", len(message), 58) + message
        total = sum(struct.unpack(f"!{len(words) // 2}H", words))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        self.assertEqual(total, 0xFFFF)


class CableTests(SynchronousTestCase):
    """What comes out at the other end of a cable, on another machine."""

    def setUp(self) -> None:
        enter_network(self)

    def test_heard(self) -> None:
        """The other machine hears the advertisement of the interface's own hardware address."""
        other = other_machine(self)
        listener = other.inside(lambda: packets(self, IPV6))
        neighbours.announce(ADDRESS, "hh-a")
        expected = neighbours.frame(hardware("hh-a"), ADDRESS, router=False)
        for _ in range(100):
            if listener.recv(200) == expected:  # the kernels have things to say, too
                return
        self.fail("not heard")

    def test_taught(self) -> None:
        """Its kernel believes it: what it knew of the address is replaced at once."""
        other = other_machine(self)
        other.ip("address", "add", "fd00:9::2/64", "dev", "hh-b", "nodad")
        other.ip(
            "neighbour", "add", ADDRESS, "lladdr", "02:00:00:00:00:99", "nud", "reachable", "dev", "hh-b"
        )
        add_address(f"{ADDRESS}/64", "hh-a")
        neighbours.announce(ADDRESS, "hh-a")
        mac = hardware("hh-a").hex(":")
        wait_until(
            lambda: mac in other.ip("neighbour", "show", ADDRESS, "dev", "hh-b"), "the other has learnt it", 2
        )

    def test_forwards(self) -> None:
        """Where the interface forwards, that is said."""
        Path("/proc/sys/net/ipv6/conf/hh-a/forwarding").write_text("1")
        listener = packets(self, IPV6)
        neighbours.announce(ADDRESS, "hh-a")
        expected = neighbours.frame(hardware("hh-a"), ADDRESS, router=True)
        self.assertIn(expected, [listener.recv(200) for _ in range(3)])

    def test_nobody_to_tell(self) -> None:
        """On loopback nothing is sent and nothing is wrong."""
        self.assertIsNone(neighbours.announce(ADDRESS, "lo"))  # type: ignore[func-returns-value]

    def test_gone(self) -> None:
        """An interface that is down or not there is an OSError."""
        ip("link", "set", "hh-a", "down")
        down = self.assertRaises(OSError, neighbours.announce, ADDRESS, "hh-a")
        self.assertEqual(down.errno, errno.ENETDOWN)
        absent = self.assertRaises(OSError, neighbours.announce, ADDRESS, "hh-none")
        self.assertEqual(absent.errno, errno.ENODEV)
