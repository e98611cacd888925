"""The service's addresses on real daemons: interfaces that fail, machines that claim, IPv6."""

from __future__ import annotations

import json
import socket
import time
from functools import partial

from heart.linux import arp, ethernet, neighbours
from tests.whole.case import WholeNodeTests
from tests.whole.netns import INTERFACE
from tests.whole.nodes import Event, Node
from tests.whole.observer import AddressWatch
from tests.whole.settings import SERVICE_ADDRESS, Wish

FOREIGN = bytes.fromhex("020000000099")
SERVICE_ADDRESS6 = "fd77::100"
OWN6 = {"alpha": "fd77::1/64", "beta": "fd77::2/64", "client": "fd77::9/64"}
QUICK = 'beat = "100ms"\nsettle = "1s"'
PROMPT = 1.0  # seconds in which a neighbour must have learnt where an address is now


class InterfaceTests(WholeNodeTests):
    """The holder's interface fails while the cable beats on."""

    wish = Wish(timing=QUICK)

    def said(self, node: Node) -> str:
        """What `heart status` prints on a node."""
        code, output = node.heart("status")
        self.expect(code == 0, f"heart status on {node.name} ended with {code}: {output}")
        return " ".join(output.split())

    def says(self, node: Node, words: str) -> bool:
        """Whether `heart status` on a node says that."""
        return words in self.said(node)

    def moves_because(self, problem: str) -> None:
        """The service moves to beta without ever having two holders, and both nodes say why."""
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes it over")
        for node in self.lab.nodes.values():
            self.wait_until(partial(self.says, node, problem), f"{node.name} says so in its status")
        told = [
            event["reason"] for event in self.lab.alpha.events() if event["kind"] in ("hindered", "release")
        ]
        self.expect(any(problem in reason for reason in told), f"alpha told {told}")
        stop, start = self.lab.journal()[-2:]
        self.assertEqual(
            (stop.node, stop.action, start.node, start.action), ("alpha", "stop", "beta", "start")
        )
        self.expect_never_two()

    def test_no_carrier(self) -> None:
        """A pulled cable: the service moves though both nodes hear each other; it does not move back."""
        self.start_both()
        self.lab.network.unplug("alpha")
        self.moves_because(f"interface {INTERFACE} has no carrier")
        self.lab.network.plug("alpha")
        self.wait_until(lambda: self.lab.whole("beta"), "all is well, and beta keeps it")
        self.wait_until(
            lambda: "cannot be held" not in self.said(self.lab.alpha), "alpha could hold it again"
        )
        self.lab.beta.heart("move", "web", "alpha")
        self.wait_until(lambda: self.lab.whole("alpha"), "alpha holds it when told to")
        self.expect_never_two()

    def test_down(self) -> None:
        """An interface that is taken down."""
        self.start_both()
        self.lab.alpha.namespace.ip("link", "set", INTERFACE, "down")
        self.moves_because(f"interface {INTERFACE} is down")

    def test_gone(self) -> None:
        """An interface that is not there any more: that is no failure of the service on that node."""
        self.start_both()
        self.lab.network.take_interface("alpha")
        self.moves_because(f"interface {INTERFACE} is not there")
        self.lab.network.give_interface("alpha")
        self.wait_until(lambda: self.lab.whole("beta"), "all is well, and beta keeps it")
        self.expect("failed" not in [event["kind"] for event in self.lab.alpha.events()], "nothing failed")

    def test_other_has_none_either(self) -> None:
        """A switch that loses power takes both carriers: the service stays where it is, and stays up."""
        self.start_both()
        self.lab.network.unplug("beta")
        self.wait_until(lambda: "no carrier" in self.said(self.lab.beta), "beta says so")
        self.lab.network.unplug("alpha")
        self.remains(lambda: self.lab.watch.holders() == {"alpha"}, "alpha keeps it")
        self.lab.network.plug("alpha", "beta")
        self.wait_until(lambda: self.lab.whole("alpha"), "all is well, and alpha has kept it")
        self.assertEqual([entry.action for entry in self.lab.journal()], ["start"])

    def test_deleted_by_hand(self) -> None:
        """An address that somebody deletes is noticed at once, without `monitor`, and put back here."""
        self.start_both()
        self.lab.alpha.namespace.ip("address", "del", f"{SERVICE_ADDRESS}/24", "dev", INTERFACE)
        self.wait_until(lambda: "failed" in kinds(self.lab.alpha), "the loss is told", 5)
        self.wait_until(lambda: self.lab.whole("alpha"), "it is there again")
        (failed,) = [event for event in self.lab.alpha.events() if event["kind"] == "failed"]
        self.assertIn(f"address {SERVICE_ADDRESS}/24 on {INTERFACE}: is not there any more", failed["reason"])
        self.expect_never_two()


class ClaimTests(WholeNodeTests):
    """A foreign machine claims the service's address."""

    def claim(self) -> None:
        """Have the address claimed by a machine that is none of the nodes', on their network."""
        frames = arp.frames(FOREIGN, SERVICE_ADDRESS)
        self.lab.beta.namespace.inside(lambda: ethernet.send(frames, INTERFACE, ethernet.ARP))

    def conflicts(self) -> list[Event]:
        """What alpha tells of claims."""
        return [event for event in self.lab.alpha.events() if event["kind"] == "conflict"]

    def test_undefended(self) -> None:
        """The proof that the claim is one: without a daemon the client is led astray, and stays so."""
        self.lab.alpha.namespace.ip("address", "add", f"{SERVICE_ADDRESS}/24", "dev", INTERFACE)
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the client reaches alpha")
        self.claim()
        self.wait_until(lambda: self.lab.client.who() is None, "the client is led astray")
        self.remains(lambda: self.lab.client.who() is None, "and stays so", 2)

    def test_answered(self) -> None:
        """It is seen, told as a conflict, and answered: the client reaches alpha; the service stays there."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the client reaches alpha")
        time.sleep(5.5)  # until alpha announces nothing more by itself
        began = time.monotonic()
        self.claim()
        self.wait_until(self.conflicts, "alpha tells it")
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the client reaches alpha again")
        self.expect(time.monotonic() - began < 2, "it took too long")
        (told,) = self.conflicts()
        said = f"{SERVICE_ADDRESS} is claimed by 02:00:00:00:00:99; announced again"
        self.assertEqual((told["reason"], told["service"]), (said, "web"))
        self.remains(lambda: self.lab.whole("alpha"), "nothing moves", 1)

    def test_flood(self) -> None:
        """Thousands of claims are few conflicts and cost no verdict; in the end the client reaches alpha."""
        self.start_both()
        time.sleep(1.5)
        frames = list(arp.frames(FOREIGN, SERVICE_ADDRESS)) * 500
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.lab.beta.namespace.inside(lambda: ethernet.send(frames, INTERFACE, ethernet.ARP))
        self.wait_until(lambda: len(self.conflicts()) == 2, "the last one is answered, too")
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the client reaches alpha")
        for node in self.lab.nodes.values():
            self.expect(not {"node-dead", "slept"} & set(kinds(node)), f"{node.name} beats on")

    def test_takeover_is_no_conflict(self) -> None:
        """A service that is moved to and fro is claimed by both, one after the other: no conflict is told."""
        self.start_both()
        for name in ("beta", "alpha", "beta"):
            code, output = self.lab.alpha.heart("move", "web", name)
            self.expect(code == 0, output)
            self.wait_until(partial(self.lab.whole, name), f"{name} holds it")
        for node in self.lab.nodes.values():
            self.expect("conflict" not in kinds(node), f"{node.name} tells of a conflict: {node.events()}")
        self.wait_until(lambda: self.lab.client.who() == "beta", "the client reaches beta")
        self.expect_never_two()


class Address6Tests(WholeNodeTests):
    """A service that has an IPv6 address, too."""

    wish = Wish(
        resources=f"""[[services.web.resources]]
kind = "address"
address = "{SERVICE_ADDRESS6}/64"
interface = "{INTERFACE}"
"""
    )

    def setUp(self) -> None:
        super().setUp()
        for name, address in OWN6.items():
            self.lab.network.hosts[name].ip("address", "add", address, "dev", INTERFACE, "nodad")
        watching = self.lab.network.hub.inside(AddressWatch.make_socket)
        self.watch = AddressWatch(watching, self.lab.network.numbers(), SERVICE_ADDRESS6)
        self.addCleanup(self.watch.close)
        client = self.lab.network.hosts["client"]
        self.asking = client.inside(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        self.addCleanup(self.asking.close)

    def expect_never_two(self) -> None:
        """Nor was the IPv6 address ever on two nodes."""
        super().expect_never_two()
        self.expect(self.watch.changes(), "the IPv6 address was watched")
        self.expect(not self.watch.ever_two(), "two nodes had the IPv6 address at once")

    def holders(self) -> list[str]:
        """The nodes that have the IPv6 address ready for use."""
        found = []
        for name, node in self.lab.nodes.items():
            shown = node.namespace.ip("-6", "address", "show", "dev", INTERFACE, "to", SERVICE_ADDRESS6)
            if SERVICE_ADDRESS6 in shown and "tentative" not in shown:
                found.append(name)
        return found

    def believed(self) -> str | None:
        """The node at whose hardware address the client's kernel believes it to be."""
        self.asking.sendto(b"hello", (SERVICE_ADDRESS6, 9))
        shown = self.lab.network.hosts["client"].ip("-json", "-6", "neighbour", "show", SERVICE_ADDRESS6)
        found = {entry.get("lladdr") for entry in json.loads(shown or "[]")}
        at = {self.lab.network.hardware(name): name for name in self.lab.nodes}
        return next((at[hardware] for hardware in found if hardware in at), None)

    def has_it(self, name: str) -> bool:
        """Whether that node, and no other, has the IPv6 address."""
        return self.holders() == [name]

    def is_believed(self, name: str) -> bool:
        """Whether the client believes it to be there."""
        return self.believed() == name

    def test_moves(self) -> None:
        """It moves with the service, is never on both nodes, and its neighbours learn that promptly."""
        self.start_both()
        self.wait_until(lambda: self.believed() == "alpha", "the client has found it at alpha")
        for name in ("beta", "alpha"):
            code, output = self.lab.alpha.heart("move", "web", name)
            self.expect(code == 0, output)
            self.wait_until(partial(self.has_it, name), f"{name} has it", PROMPT)
            self.wait_until(partial(self.is_believed, name), "the client knows", PROMPT)
        self.expect_never_two()

    def test_dead_holder(self) -> None:
        """When the holder dies it is taken over, and its neighbours learn that promptly."""
        self.start_both()
        self.wait_until(lambda: self.believed() == "alpha", "the client has found it at alpha")
        self.lose_machine(self.lab.alpha)
        self.wait_until(lambda: "beta" in self.holders(), "beta has it")
        self.wait_until(lambda: self.believed() == "beta", "the client knows", PROMPT)

    def test_claimed(self) -> None:
        """A foreign machine that claims it is answered, and told as a conflict."""
        self.start_both()
        self.wait_until(lambda: self.believed() == "alpha", "the client has found it at alpha")
        time.sleep(5.5)  # until alpha announces nothing more by itself
        frame = neighbours.frame(FOREIGN, SERVICE_ADDRESS6, router=False)
        self.lab.beta.namespace.inside(lambda: ethernet.send([frame], INTERFACE, ethernet.IPV6))
        self.wait_until(lambda: "conflict" in kinds(self.lab.alpha), "alpha tells it")
        self.wait_until(lambda: self.believed() == "alpha", "the client finds it at alpha again")
        (told,) = [event for event in self.lab.alpha.events() if event["kind"] == "conflict"]
        said = f"{SERVICE_ADDRESS6} is claimed by 02:00:00:00:00:99; announced again"
        self.assertEqual(told["reason"], said)

    def test_interface_down(self) -> None:
        """The kernel takes IPv6 addresses from an interface that goes down: it moves all the same, once."""
        self.start_both()
        self.lab.alpha.namespace.ip("link", "set", INTERFACE, "down")
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes it over")
        self.wait_until(lambda: self.holders() == ["beta"], "beta has the IPv6 address, too")
        self.expect("failed" not in kinds(self.lab.alpha), "that is no failure of the service")
        self.expect_never_two()


def kinds(node: Node) -> list[str]:
    """The kinds of the events of a node's present life."""
    return [event["kind"] for event in node.events()]
