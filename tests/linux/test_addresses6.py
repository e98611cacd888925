"""IPv6 addresses by rtnetlink, in a network of our own: duplicates are found, and not waited for."""

from __future__ import annotations

import json
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.linux.addresses import Presence, add_address, addresses, delete_address, presence
from tests.linux.network import enter_network, ip, other_machine, wait_until

ADDRESS = "fd00:9::100/64"


def shown(address: str) -> dict[str, object]:
    """What ip(8) says of an address of hh-a; empty where it is not there."""
    (found,) = json.loads(ip("-json", "-6", "address", "show", "dev", "hh-a")) or [{"addr_info": []}]
    entries = (entry for entry in found["addr_info"] if entry and entry["local"] == address)
    return next(entries, {})


class Addresses6Tests(SynchronousTestCase):
    """What the kernel has, as ip(8) tells, after what we asked for."""

    def setUp(self) -> None:
        enter_network(self)

    def test_add(self) -> None:
        """It is ready at once, lasts for ever, and is no source for what this machine begins."""
        add_address(ADDRESS, "hh-a")
        self.assertIs(presence(ADDRESS, "hh-a"), Presence.READY)
        entry = shown("fd00:9::100")
        self.assertEqual((entry["prefixlen"], entry["nodad"], entry["deprecated"]), (64, True, True))
        self.assertEqual((entry["valid_life_time"], entry["preferred_life_time"]), (0xFFFFFFFF, 0))
        self.assertNotIn("tentative", entry)

    def test_no_source(self) -> None:
        """The own address is the source of connections even where rule 8 of RFC 6724 would choose ours."""
        add_address(ADDRESS, "hh-a")
        ip("address", "add", "fd00:9::1/64", "dev", "hh-a", "nodad")
        (route,) = json.loads(ip("-json", "-6", "route", "get", "fd00:9::177"))
        self.assertEqual(route["prefsrc"], "fd00:9::1")

    def test_delete(self) -> None:
        """It goes alone, and with the prefix length that it has; once more is well."""
        add_address(ADDRESS, "hh-a")
        add_address("fd00:9::101/64", "hh-a")
        delete_address("fd00:9::100/128", "hh-a")
        self.assertIs(presence(ADDRESS, "hh-a"), Presence.READY)
        delete_address(ADDRESS, "hh-a")
        delete_address(ADDRESS, "hh-a")
        self.assertIs(presence(ADDRESS, "hh-a"), Presence.ABSENT)
        self.assertIn("fd00:9::101/64", addresses("hh-a", 6))

    def test_other_prefix(self) -> None:
        """One that is there with another prefix length is told, since it would not be deleted again."""
        ip("address", "add", "fd00:9::100/128", "dev", "hh-a")
        error = self.assertRaises(OSError, add_address, ADDRESS, "hh-a")
        self.assertIn("it is there already as fd00:9::100/128", error.strerror)

    def test_switched_off(self) -> None:
        """On an interface without IPv6 adding is EACCES, and deleting is well."""
        Path("/proc/sys/net/ipv6/conf/hh-a/disable_ipv6").write_text("1")
        self.assertRaises(PermissionError, add_address, ADDRESS, "hh-a")
        delete_address(ADDRESS, "hh-a")

    def test_families_apart(self) -> None:
        """IPv4 and IPv6 addresses of one interface do not disturb each other."""
        add_address("10.9.0.100/24", "hh-a")
        add_address(ADDRESS, "hh-a")
        delete_address("10.9.0.100/24", "hh-a")
        self.assertEqual(addresses("hh-a"), [])
        self.assertIs(presence(ADDRESS, "hh-a"), Presence.READY)


class DetectionTests(SynchronousTestCase):
    """Duplicate address detection, with another machine on the cable."""

    def setUp(self) -> None:
        enter_network(self)
        self.other = other_machine(self)

    def found(self) -> Presence:
        """How far our address is."""
        return presence(ADDRESS, "hh-a")

    def test_tentative(self) -> None:
        """It is tentative first; added again without detection it is ready at once, and nobody waits."""
        add_address(ADDRESS, "hh-a", detect=True)
        self.assertIs(self.found(), Presence.TENTATIVE)
        began = time.monotonic()
        add_address(ADDRESS, "hh-a")
        self.assertIs(self.found(), Presence.READY)
        self.assertLess(time.monotonic() - began, 0.2)

    def test_nobody_has_it(self) -> None:
        """Where nobody has it, it gets ready by itself."""
        add_address(ADDRESS, "hh-a", detect=True)
        wait_until(lambda: self.found() is Presence.READY, "it gets ready")

    def test_other_has_it(self) -> None:
        """Where the other machine has it, that is found; with and without deletion it can be used then."""
        self.other.ip("address", "add", ADDRESS, "dev", "hh-b", "nodad")
        add_address(ADDRESS, "hh-a", detect=True)
        wait_until(lambda: self.found() is Presence.DUPLICATE, "the other one is found")
        add_address(ADDRESS, "hh-a")
        self.assertIs(self.found(), Presence.READY)
        delete_address(ADDRESS, "hh-a")
        self.assertIs(self.found(), Presence.ABSENT)
