"""The address as a resource, with threads and the kernel, in a network of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase

from heart.config.model import AddressResource
from heart.interfaces import IResource, ResourceFailed
from heart.linux import arp, claims, ethernet, neighbours
from heart.linux.addresses import addresses
from heart.resources import make_resource
from heart.resources.defence import FRESH
from tests.linux.network import enter_network, hardware, ip, other_machine, packets, promote_secondaries
from tests.resources.address_case import ADDRESS, ADDRESS6, LABEL, LABEL6, Told
from tests.resources.fakes import TENURE
from tests.whole.netns import Namespace

reactor: Any = global_reactor
FOREIGN = bytes.fromhex("020000000099")


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one by which it is listed
            found.add(str(descriptor.readlink()))
    return {each for each in found if each.startswith("socket:")}


class RealAddressTests(TestCase):
    """As a daemon has it: made from its settings, watched, started, stopped."""

    timeout = 40

    def setUp(self) -> None:
        enter_network(self)
        self.threads = ThreadPool(1, 2, "hh-resources")
        self.threads.start()  # its threads live in the network of the one that starts them
        self.addCleanup(self.threads.stop)
        self.told = Told()

    def make(self, address: str = ADDRESS, interface: str = "hh-a", detection: float = 0.0) -> IResource:
        """One that is watched until the test ends."""
        made = make_resource(AddressResource(address, interface, detection), reactor, self.threads)
        made.watch(self.told)
        self.addCleanup(made.close)
        return made

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        end = reactor.seconds() + 10
        while not true():
            if reactor.seconds() > end:
                self.fail(f"{what}; told was {self.told.news}")
            await deferLater(reactor, 0.01)

    async def test_taken_over_and_announced(self) -> None:
        """The address appears, the peer hears both forms of its announcement, and it goes again."""
        listener = packets(self, ethernet.ARP)
        address = self.make()
        await address.start(TENURE)
        self.assertEqual(addresses("hh-a"), [ADDRESS])
        await address.status(TENURE)
        heard = [await deferToThread(listener.recv, 100) for _ in range(4)]
        self.assertEqual(set(heard), set(arp.frames(hardware("hh-a"), "10.9.0.100")))
        await address.stop(TENURE, 1)
        self.assertEqual(addresses("hh-a"), [])

    async def test_ipv6(self) -> None:
        """An IPv6 address appears, is announced as a neighbour, and goes again."""
        listener = packets(self, ethernet.IPV6)
        address = self.make(ADDRESS6)
        await address.start(TENURE)
        self.assertIn(ADDRESS6, addresses("hh-a", 6))
        await address.status(TENURE)
        expected = neighbours.frame(hardware("hh-a"), "fd00:9::100", router=False)
        while await deferToThread(listener.recv, 200) != expected:
            pass  # the kernel has things to say, too
        await address.stop(TENURE, 1)
        self.assertNotIn(ADDRESS6, addresses("hh-a", 6))

    async def test_no_interface(self) -> None:
        """The real kernel's word for an absent interface becomes one line; it was told before the start."""
        address = self.make(interface="hh-none")
        await self.until(lambda: self.told.news, "that it is not there is told")
        self.assertEqual(self.told.news, [("hindered", "interface hh-none is not there")])
        with self.assertRaisesRegex(ResourceFailed, "there is no such interface"):
            await address.start(TENURE)
        await address.stop(TENURE, 1)

    async def test_duplicate(self) -> None:
        """Where another machine has it and that is asked for, the start fails, and nothing stays."""
        other_machine(self).ip("address", "add", ADDRESS6, "dev", "hh-b", "nodad")
        address = self.make(ADDRESS6, detection=5.0)
        with self.assertRaises(ResourceFailed) as refused:
            await address.start(TENURE)
        said = f"{LABEL6}: another machine has it (duplicate address detection)"
        self.assertEqual(str(refused.exception), said)
        self.assertNotIn(ADDRESS6, addresses("hh-a", 6))

    async def test_detection_no_longer_than_asked(self) -> None:
        """A detection that the kernel has not ended in time is not waited for: the address is in use."""
        other_machine(self)
        address = self.make(ADDRESS6, detection=0.2)
        began = reactor.seconds()
        await address.start(TENURE)
        self.assertLess(reactor.seconds() - began, 0.8)
        self.assertNotIn("tentative", ip("-6", "address", "show", "dev", "hh-a", "to", "fd00:9::100"))
        await address.stop(TENURE, 1)

    async def test_deleted(self) -> None:
        """An address that somebody deletes is told as lost, IPv4 and IPv6; once more started, it is there."""
        for text, label in ((ADDRESS, LABEL), (ADDRESS6, LABEL6)):
            self.told.news.clear()
            address = self.make(text)
            await address.start(TENURE)
            ip("address", "del", text, "dev", "hh-a")
            await self.until(lambda: self.told.news, "the loss is told")
            self.assertEqual(self.told.news, [("lost", f"{label}: is not there any more")])
            with self.assertRaisesRegex(ResourceFailed, "is not there any more"):
                await address.status(TENURE)
            await address.stop(TENURE, 1)
            await address.start(TENURE)
            await address.status(TENURE)
            await address.stop(TENURE, 1)

    async def test_neighbour_goes(self) -> None:
        """An address that the kernel deletes with another of its network, and we put back, was not lost."""
        promote_secondaries(0)
        first, second = self.make("10.9.0.99/24"), self.make()
        await first.start(TENURE)
        await second.start(TENURE)
        for _ in range(20):
            for each in (first, second):  # each is the first of its network when its turn comes
                await each.stop(TENURE, 1)
                await each.start(TENURE)
        await deferLater(reactor, 0.2)
        self.assertEqual(self.told.news, [])
        self.assertEqual(sorted(addresses("hh-a")), [ADDRESS, "10.9.0.99/24"])
        await first.stop(TENURE, 1)
        await second.stop(TENURE, 1)

    async def test_interface_remade(self) -> None:
        """An interface that is deleted is told, not as a failure; remade, its lost address is told."""
        address = self.make()
        await address.start(TENURE)
        ip("link", "del", "hh-a")
        gone = ("hindered", "interface hh-a is not there")  # it may go down first, and be seen so
        await self.until(lambda: gone in self.told.news, "its end is told")
        self.assertEqual({kind for kind, _ in self.told.news}, {"hindered"})
        ip("link", "add", "hh-a", "type", "bridge")
        ip("link", "set", "hh-a", "up")
        await self.until(lambda: self.told.news[-1][0] == "lost", "the loss is told")
        self.assertIn(("hindered", None), self.told.news)
        await address.stop(TENURE, 1)

    async def test_no_carrier(self) -> None:
        """A pulled cable is told, held or not, and that it is in again."""
        other = other_machine(self)
        address = self.make()
        await address.start(TENURE)
        other.ip("link", "set", "hh-b", "down")
        await self.until(lambda: self.told.news, "it is told")
        other.ip("link", "set", "hh-b", "up")
        await self.until(lambda: len(self.told.news) > 1, "that it is well again is told")
        self.assertEqual(self.told.news, [("hindered", "interface hh-a has no carrier"), ("hindered", None)])
        await address.status(TENURE)
        await address.stop(TENURE, 1)

    async def claimed(self, other: Namespace, text: str, frames: list[bytes], kind: int) -> None:
        """Hold an address and have it claimed by the other machine: it hears our announcement."""
        address = self.make(text)
        await address.start(TENURE)
        await deferLater(reactor, 6)  # all that is announced by itself
        listener = other.inside(lambda: packets(self, kind))
        own = hardware("hh-a")
        plain = text.partition("/")[0]
        expected = neighbours.frame(own, plain, False) if ":" in text else arp.frames(own, plain)[0]
        other.inside(lambda: ethernet.send(frames, "hh-b", kind))
        while await deferToThread(listener.recv, 200) != expected:
            pass
        said = f"{plain} is claimed by 02:00:00:00:00:99; announced again"
        self.assertEqual(self.told.news, [("contested", said)])
        await address.stop(TENURE, 1)
        self.told.news.clear()

    async def test_claimed(self) -> None:
        """Another machine that claims it, by ARP or as a neighbour, is told and answered on the wire."""
        other = other_machine(self)
        await self.claimed(other, ADDRESS, list(arp.frames(FOREIGN, "10.9.0.100")), ethernet.ARP)
        advertisement = neighbours.frame(FOREIGN, "fd00:9::100", False)
        await self.claimed(other, ADDRESS6, [advertisement], ethernet.IPV6)

    async def test_own_other_card(self) -> None:
        """What this machine's other card says on the same network is no claim of another machine."""
        address = self.make()
        await address.start(TENURE)
        await deferLater(reactor, FRESH + 0.1)
        ethernet.send(arp.frames(hardware("hh-b"), "10.9.0.100"), "hh-b", ethernet.ARP)
        await deferLater(reactor, 0.3)
        self.assertEqual(self.told.news, [])
        ethernet.send(arp.frames(FOREIGN, "10.9.0.100"), "hh-b", ethernet.ARP)
        await self.until(lambda: self.told.news, "that of a strange card is told")
        await address.stop(TENURE, 1)

    async def test_nothing_stays(self) -> None:
        """Stopped and closed, no socket of it is open, and no timer runs."""
        before = sockets()
        address = make_resource(AddressResource(ADDRESS, "hh-a"), reactor, self.threads)
        address.watch(self.told)
        await address.start(TENURE)
        await address.stop(TENURE, 1)
        address.close()
        for _ in range(100):
            if sockets() == before:
                return
            await deferLater(reactor, 0.02)
        self.assertEqual(sockets(), before)

    async def test_without_permission(self) -> None:
        """Where packet sockets are not permitted, one line says so, and all else works."""

        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        self.patch(claims, "attach", refuse)
        with capturedLogs() as events:
            address = self.make()
            await address.start(TENURE)
            await address.status(TENURE)
            await deferLater(reactor, 0.3)
            await address.stop(TENURE, 1)
            await address.start(TENURE)
            await deferLater(reactor, 0.3)
            await address.stop(TENURE, 1)
        said = [str(event.get("log_format")) for event in events if event["log_level"].name == "warn"]
        self.assertEqual(len([line for line in said if line.startswith("Claims of")]), 1)
