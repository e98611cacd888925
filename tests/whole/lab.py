"""The laboratory: two nodes, a client, a bridge, a cable, and eyes on it; nothing of it stays."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.whole.cable import Cable
from tests.whole.netns import INTERFACE, Network
from tests.whole.nodes import Node, hears, services, states
from tests.whole.observer import AddressWatch, Answerers, Client, Entry, overlaps, read_journal
from tests.whole.settings import SERVICE_ADDRESS, Wish, write_cluster

HOSTS = {"alpha": 1, "beta": 2, "client": 9}
NODES = ("alpha", "beta")
ANSWERS_AT = 7007
FOR_EVER = 24 * 3600 * 1000  # milliseconds for which a neighbour that was seen once is believed in
_numbers = itertools.count(1)


class Lab:
    """A cluster of alpha and beta with a service `web`. Nothing is started yet."""

    def __init__(self, wish: Wish | None = None) -> None:
        self._stack = ExitStack()
        try:
            self._build(wish or Wish())
        except BaseException:
            self._stack.close()
            raise
        atexit.register(self.remove)

    def _build(self, wish: Wish) -> None:
        stack = self._stack
        self.folder = Path(tempfile.mkdtemp(prefix="hh-"))
        stack.callback(shutil.rmtree, self.folder)
        self.network = Network(f"hh-{os.getpid()}-{next(_numbers)}", HOSTS)
        stack.callback(self.network.remove)
        hosts = self.network.hosts
        self.cable = Cable(self.folder, NODES)
        stack.callback(self.cable.remove)
        watching = self.network.hub.inside(AddressWatch.make_socket)
        self.watch = AddressWatch(watching, self.network.numbers(), SERVICE_ADDRESS)
        stack.callback(self.watch.close)
        self._answerers = Answerers({name: hosts[name].udp(ANSWERS_AT) for name in NODES})
        stack.callback(self._answerers.close)
        hosts["client"].inside(_believe_in_neighbours)
        self.client = Client(hosts["client"].udp(0), (SERVICE_ADDRESS, ANSWERS_AT))
        stack.callback(self.client.close)
        config = write_cluster(self.folder, {name: self.cable.device(name) for name in NODES}, wish)
        self.nodes = {name: Node(name, hosts[name], self.folder, config) for name in NODES}
        for node in self.nodes.values():
            stack.callback(node.reap)

    @property
    def alpha(self) -> Node:
        """The node that the service prefers."""
        return self.nodes["alpha"]

    @property
    def beta(self) -> Node:
        """The other node."""
        return self.nodes["beta"]

    def does(self, node: str, action: str, commands: str) -> None:
        """Have the service's script do this (in the shell's language) when it is called on that node."""
        (self.folder / f"{node}.{action}").write_text(commands)

    def does_nothing(self, node: str, action: str) -> None:
        """Take that back."""
        (self.folder / f"{node}.{action}").unlink()

    def journal(self) -> list[Entry]:
        """What the service's script has done, in order."""
        return read_journal(self.folder / "journal")

    def overlaps(self) -> list[Entry]:
        """Starts of the script on one node while it was not stopped on the other."""
        return overlaps(self.journal())

    def held_by(self, holder: str) -> bool:
        """Whether that node, and no other, has the address and says that it holds the service."""
        said = services(self.nodes[holder].status()).get("web")
        return said == (holder, "held") and self.watch.holders() == {holder}

    def whole(self, holder: str) -> bool:
        """Whether all is well: that node holds it, both say so, and hear each other on every link."""
        told = [node.status() for node in self.nodes.values()]
        return self.watch.holders() == {holder} and all(
            services(status).get("web") == (holder, "held")
            and set(states(status).values()) == {"up"}
            and hears(status, "lan")
            and hears(status, "cable")
            for status in told
        )

    def story(self) -> str:
        """All there is to know of what happened, for who has to find out why a test failed."""
        parts = [f"--- log of {node.name}\n{node.log()[-6000:]}" for node in self.nodes.values()]
        journal = (self.folder / "journal").read_text()
        addresses = "\n".join(map(str, self.watch.changes()))
        return "\n".join(["", *parts, f"--- journal\n{journal}", f"--- {SERVICE_ADDRESS}\n{addresses}"])

    def remove(self) -> None:
        """Kill and delete everything."""
        atexit.unregister(self.remove)
        self._stack.close()


def _believe_in_neighbours() -> None:
    """What was once learnt by ARP never ages here: only a gratuitous ARP can change it (arp(7))."""
    Path(f"/proc/sys/net/ipv4/neigh/{INTERFACE}/base_reachable_time_ms").write_text(str(FOR_EVER))
