"""Addresses by rtnetlink, in a network of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

import heart.linux.addresses
from heart.linux.addresses import Presence, add_address, addresses, delete_address, presence
from heart.linux.netlink import DELADDR, exchange
from tests.linux.network import enter_network, ip, promote_secondaries


class AddressesTests(SynchronousTestCase):
    """What the kernel has, as ip(8) tells, after what we asked for."""

    def setUp(self) -> None:
        enter_network(self)

    def shown(self, interface: str) -> list[dict[str, object]]:
        """The IPv4 addresses of an interface by ip(8)."""
        (found,) = json.loads(ip("-json", "-4", "address", "show", "dev", interface)) or [{"addr_info": []}]
        return [entry for entry in found["addr_info"] if entry]

    def test_add(self) -> None:
        """An address is added with its prefix length and the broadcast address of its network."""
        add_address("10.9.0.100/24", "hh-a")
        (entry,) = self.shown("hh-a")
        fields = ("local", "prefixlen", "broadcast", "scope")
        self.assertEqual([entry[field] for field in fields], ["10.9.0.100", 24, "10.9.0.255", "global"])
        self.assertEqual(addresses("hh-a"), ["10.9.0.100/24"])

    def test_no_broadcast(self) -> None:
        """A single address, and one of a pair, have no broadcast address."""
        add_address("10.9.0.100/32", "hh-a")
        add_address("10.9.1.100/31", "hh-a")
        self.assertEqual([entry.get("broadcast") for entry in self.shown("hh-a")], [None, None])

    def test_loopback(self) -> None:
        """An address of the loopback network stays within the host, as ip(8) has it."""
        add_address("127.9.0.1/8", "lo")
        self.assertEqual([entry["scope"] for entry in self.shown("lo")], ["host", "host"])

    def test_list(self) -> None:
        """Only the addresses of the interface asked for are listed, however many there are."""
        many = [f"10.9.{i // 250}.{i % 250 + 1}/32" for i in range(1_000)]
        for address in many:
            add_address(address, "hh-a")
        add_address("10.8.0.1/24", "hh-b")
        self.assertEqual(sorted(addresses("hh-a")), sorted(many))
        self.assertEqual(addresses("hh-b"), ["10.8.0.1/24"])
        self.assertEqual(addresses("hh-none"), [])

    def test_same_address_with_another_prefix(self) -> None:
        """The prefix length belongs to the address: one that differs in it is left alone."""
        add_address("10.9.0.100/24", "hh-a")
        delete_address("10.9.0.100/32", "hh-a")
        self.assertEqual(addresses("hh-a"), ["10.9.0.100/24"])

    def test_others_of_the_network_stay(self) -> None:
        """Where the kernel deletes the others of a network with its first, they are put back as they were."""
        promote_secondaries(0)
        add_address("10.9.0.100/24", "hh-a")
        add_address("10.9.0.101/24", "hh-a")
        ip("address", "add", "10.9.0.102/24", "dev", "hh-a", "label", "hh-a:9", "noprefixroute")
        delete_address("10.9.0.100/24", "hh-a")
        self.assertEqual(addresses("hh-a"), ["10.9.0.101/24", "10.9.0.102/24"])
        self.assertEqual([entry["label"] for entry in self.shown("hh-a")], ["hh-a", "hh-a:9"])
        self.assertTrue(self.shown("hh-a")[1]["noprefixroute"])

    def test_others_are_never_missed(self) -> None:
        """Who looks for one of the others while it is not there yet waits until it is put back."""
        promote_secondaries(0)
        add_address("10.9.0.100/24", "hh-a")
        add_address("10.9.0.101/24", "hh-a")
        found: list[Presence] = []
        looking = Thread(target=lambda: found.append(presence("10.9.0.101/24", "hh-a")))
        ask = exchange

        def exchange_and_look(kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
            answers = ask(kind, flags, body)
            if kind == DELADDR:
                looking.start()
                looking.join(0.2)  # it would be done by then
            return answers

        self.patch(heart.linux.addresses, "exchange", exchange_and_look)
        delete_address("10.9.0.100/24", "hh-a")
        looking.join(5)
        self.assertEqual(found, [Presence.READY])

    def test_others_are_promoted(self) -> None:
        """Where the kernel keeps the others, that is well too."""
        promote_secondaries(1)
        add_address("10.9.0.100/24", "hh-a")
        add_address("10.9.0.101/24", "hh-a")
        delete_address("10.9.0.100/24", "hh-a")
        self.assertEqual(addresses("hh-a"), ["10.9.0.101/24"])

    def test_not_permitted(self) -> None:
        """Without CAP_NET_ADMIN adding is an OSError that says so; deleting what is not there is well."""
        code = (
            "import os; os.setuid(65534)\n"
            "from heart.linux.addresses import *\n"
            "delete_address('10.9.0.100/24', 'hh-a')\n"
            "try: add_address('10.9.0.100/24', 'hh-a')\n"
            "except PermissionError: print('not permitted')\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", f"import heart.linux.addresses\n{code}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.stderr), ("not permitted\n", ""))
