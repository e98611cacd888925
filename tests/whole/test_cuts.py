"""Cables that are cut and healed, interfaces that go and come back, an adapter pulled, a line in use."""

from __future__ import annotations

import os
import time

from tests.whole.case import WholeNodeTests
from tests.whole.nodes import Node, hears, link, services, states
from tests.whole.settings import BEAT, SERVICE_ADDRESS, STOP
from tests.whole.test_end import SLOW

ANNOUNCED = 6.0  # seconds after which a new holder has announced its address for the last time


class OneCutTests(WholeNodeTests):
    """One cable is cut, and nothing happens, because the other still beats."""

    def deaf_on(self, name: str) -> bool:
        """Whether neither node has lately heard the other on that link."""
        peers = [link(node.status(), name)["peers"] for node in self.lab.nodes.values()]
        return all(peer and (peer[0]["heard"] or 0) > 1 for peer in peers)

    def expect_told(self, kind: str, name: str, after: dict[str, int]) -> None:
        """Both nodes have told, once, what became of that link."""
        for node in self.lab.nodes.values():
            told = [
                event
                for event in node.events()
                if event["sequence"] > after[node.name] and event["kind"] == kind and event["link"] == name
            ]
            self.expect(len(told) == 1, f"{node.name} was to tell one {kind} of {name}, and told {told}")
            self.expect_no_change(node, after[node.name])

    def newest_of_both(self) -> dict[str, int]:
        """The sequence number of each node's newest event."""
        return {node.name: self.newest(node) for node in self.lab.nodes.values()}

    def test_lan(self) -> None:
        """The LAN is cut: the holder holds on, both tell of the cable, and of its healing."""
        self.start_both()
        before = self.newest_of_both()
        self.lab.network.cut("beta")
        self.wait_until(lambda: self.deaf_on("lan"), "nothing is heard on the LAN")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.assertEqual(states(self.lab.beta.status()), {"alpha": "up", "beta": "up"})
        self.assertEqual(services(self.lab.beta.status()), {"web": ("alpha", "held")})
        self.expect_told("link-down", "lan", before)
        before = self.newest_of_both()
        self.lab.network.heal("beta")
        self.wait_until(lambda: self.lab.whole("alpha"), "the LAN beats again")
        self.expect_told("link-up", "lan", before)
        self.expect_never_two()

    def test_lan_of_the_holder(self) -> None:
        """The holder's own LAN cable is cut and healed: it holds on, and its clients find it again."""
        self.start_both()
        before = self.newest_of_both()
        self.lab.network.cut("alpha")
        self.wait_until(lambda: self.deaf_on("lan"), "nothing is heard on the LAN")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.lab.network.heal("alpha")
        self.wait_until(lambda: self.lab.whole("alpha"), "the LAN beats again")
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, before[node.name])
        self.assertEqual(len(self.lab.watch.changes()), 1)

    def test_cable(self) -> None:
        """The serial cable is cut: the holder holds on, both tell of the cable, and of its healing."""
        self.start_both()
        before = self.newest_of_both()
        self.lab.cable.cut()
        self.wait_until(lambda: self.deaf_on("cable"), "nothing is heard on the cable")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.assertEqual(states(self.lab.beta.status()), {"alpha": "up", "beta": "up"})
        self.expect_told("link-down", "cable", before)
        before = self.newest_of_both()
        self.lab.cable.heal()
        self.wait_until(lambda: self.lab.whole("alpha"), "the cable beats again")
        self.expect_told("link-up", "cable", before)
        self.expect_never_two()


class BothCutTests(WholeNodeTests):
    """Every cable is cut, and both nodes live: nobody can tell them apart."""

    def cut_both(self) -> None:
        """Cut everything, and see both hold the service: nothing can prevent that here."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        self.lab.network.cut("alpha")
        self.lab.cable.cut()
        self.wait_until(lambda: self.lab.watch.holders() == {"alpha", "beta"}, "both hold the service")
        self.wait_until(
            lambda: self.lab.client.who() == "beta", "the client, which sees beta, is answered by it"
        )

    def conflicts(self, node: Node) -> int:
        """How many conflicts over the service that node has told."""
        return sum(event["kind"] == "conflict" and "peer" in event for event in node.events())

    def expect_one_left(self) -> None:
        """The later holder, whose term is greater, stays; the other let go, once, and takes nothing back.

        Who lets go tells why. Who stays tells it too if it hears of the other's hold before that has ended:
        a slow cable may bring it only what came after.
        """
        self.wait_until(lambda: self.lab.held_by("beta"), "beta is left")
        self.remains(lambda: self.lab.held_by("beta"), "beta keeps the service")
        self.assertEqual(services(self.lab.alpha.status()), {"web": ("beta", "held")})
        self.assertEqual(
            [(one.node, one.action, one.reason) for one in self.lab.journal()],
            [("alpha", "start", "start"), ("beta", "start", "dead"), ("alpha", "stop", "conflict")],
        )
        changes = [(change.host, change.held) for change in self.lab.watch.changes()]
        self.assertEqual(changes, [("alpha", True), ("beta", True), ("alpha", False)])
        self.assertEqual(self.conflicts(self.lab.alpha), 1)
        self.assertLessEqual(self.conflicts(self.lab.beta), 1)

    def test_healed(self) -> None:
        """Healed, the two see each other: one is left, at once, and clients reach it."""
        self.cut_both()
        self.lab.network.heal("alpha")
        self.lab.cable.heal()
        healed = time.monotonic()
        self.expect_one_left()
        let_go = self.lab.watch.changes()[-1].at - healed
        self.assertLess(let_go, STOP + 2 * BEAT + SLOW)
        self.wait_until(lambda: self.lab.whole("beta"), "both links beat again")
        self.wait_until(lambda: self.lab.client.who() == "beta", "the address answers on beta")

    def test_cable_healed(self) -> None:
        """The serial cable alone is enough for the two to see each other: one is left."""
        self.cut_both()
        self.lab.cable.heal()
        self.expect_one_left()
        self.assertEqual(self.lab.client.who(1), "beta")

    def test_told_anew(self) -> None:
        """Who stays says so on the network: a client that had come to believe the other finds it again."""
        self.cut_both()
        self.remains(lambda: self.lab.watch.holders() == {"alpha", "beta"}, "both hold", ANNOUNCED)
        mislead = ("lladdr", self.lab.network.hardware("alpha"), "dev", "eth0", "nud", "reachable")
        self.lab.network.hosts["client"].ip("neigh", "replace", SERVICE_ADDRESS, *mislead)
        self.expect(self.lab.client.who() is None, "the client asks at the alpha that is cut off")
        self.lab.network.heal("alpha")
        self.expect_one_left()
        self.wait_until(lambda: self.lab.client.who() == "beta", "the client is told by ARP that beta has it")


class InterfaceTests(WholeNodeTests):
    """A network card that is not there, goes, and comes back."""

    def absent(self, node: Node) -> bool:
        """Whether a node says that it has no interface for the LAN."""
        told = link(node.status(), "lan")
        return told["state"] == "down" and "eth0" in told["reason"]

    def test_card(self) -> None:
        """A node starts without its card, gets it, loses it, and gets another with another address."""
        self.lab.network.take_interface("beta")
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(lambda: self.absent(self.lab.beta), "beta says that its interface is not there")
        self.wait_until(lambda: self.lab.held_by("alpha"), "alpha holds the service")
        before = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        self.lab.network.give_interface("beta")
        self.wait_until(lambda: self.lab.whole("alpha"), "both links beat")
        self.lab.network.take_interface("beta")
        self.wait_until(lambda: self.absent(self.lab.beta), "beta says that its interface is gone")
        self.lab.network.give_interface("beta", number=77)
        self.wait_until(lambda: self.lab.whole("alpha"), "both links beat again")
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, before[node.name])

    def test_down_and_up(self) -> None:
        """The other node's interface is taken down and up again: the link beats again, and nothing moves."""
        self.start_both()
        before = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        self.lab.beta.namespace.ip("link", "set", "eth0", "down")
        self.wait_until(lambda: self.absent(self.lab.beta), "beta says that its interface is down")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service")
        self.lab.beta.namespace.ip("link", "set", "eth0", "up")
        self.wait_until(lambda: self.lab.whole("alpha"), "both links beat again")
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, before[node.name])


class AdapterTests(WholeNodeTests):
    """A serial line on a USB adapter, and one that somebody else uses."""

    def test_pulled(self) -> None:
        """An adapter is pulled and plugged in again: the line is down with its name, and then beats again."""
        self.start_both()
        before = {node.name: self.newest(node) for node in self.lab.nodes.values()}
        device = str(self.lab.cable.device("alpha"))
        self.lab.cable.unplug("alpha")
        self.wait_until(lambda: link(self.lab.alpha.status(), "cable")["state"] == "down", "the line is down")
        self.wait_until(
            lambda: link(self.lab.alpha.status(), "cable")["reason"] == f"{device} is not there", "why"
        )
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", 1)
        self.expect(hears(self.lab.beta.status(), "lan"), "the LAN beats")
        self.lab.cable.plug("alpha")
        self.wait_until(lambda: self.lab.whole("alpha"), "the cable beats again")
        for node in self.lab.nodes.values():
            self.expect_no_change(node, before[node.name])

    def test_in_use(self) -> None:
        """A line that another process reads is left alone, with that process's number, until it is free."""
        ours = os.open(self.lab.cable.device("beta"), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            self.lab.alpha.start()
            self.lab.beta.start()
            self.wait_until(lambda: self.lab.held_by("alpha"), "alpha holds the service")
            told = link(self.lab.beta.status(), "cable")
            self.assertEqual(told["state"], "down")
            self.assertIn(f"{self.lab.cable.device('beta')} is in use by pid {os.getpid()} (", told["reason"])
            self.assertEqual(states(self.lab.beta.status()), {"alpha": "up", "beta": "up"})
        finally:
            os.close(ours)
        self.wait_until(lambda: self.lab.whole("alpha"), "the line is taken, and beats")
        self.expect_never_two()
