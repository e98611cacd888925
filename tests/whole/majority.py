"""Three machines of which a majority decides, two holders and a witness, on a bridge; and eyes on them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from heart.config.model import Timing
from heart.keys import write_new_key
from heart.simulation.invariants.base import Ground
from heart.simulation.invariants.facts import Facts
from heart.simulation.invariants.holding import OneHolder
from heart.simulation.invariants.succession import TermsGrow
from tests.whole.case import LONG, WaitingTests
from tests.whole.netns import INTERFACE, Network
from tests.whole.nodes import Node, Status, services
from tests.whole.observer import AddressWatch, read_journal
from tests.whole.settings import BEAT, PORT, SCRIPT, SERVICE_ADDRESS

Held = dict[str, tuple[str | None, str]]

NAMES = ("alpha", "beta", "watcher")
CONFIGURATION = f"""cluster = "web"
key_file = "heart.key"
[nodes.alpha]
[nodes.beta]
[nodes.watcher]
witness = true
[links.lan]
kind = "udp"
interface = "{INTERFACE}"
port = {PORT}
[services.web]
nodes = ["alpha", "beta"]
[[services.web.resources]]
kind = "address"
address = "{SERVICE_ADDRESS}/24"
interface = "{INTERFACE}"
[[services.web.resources]]
kind = "script"
command = ["web"]
[arbiter]
kind = "quorum"
[paths]
state = "state"
run = "run"
"""
TIMING = Timing(beat=BEAT, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)
HELD_BY_ALPHA: Held = {"web": ("alpha", "held")}
HELD_BY_BETA: Held = {"web": ("beta", "held")}
HELD_BY_NOBODY: Held = {"web": (None, "stopped")}


class QuorumCase(WaitingTests):
    """One bridge, and a network namespace for each node. The service is an address and a script."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="hh-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.network = Network(f"hh-{os.getpid()}-q", {"alpha": 1, "beta": 2, "watcher": 3, "fourth": 4})
        self.addCleanup(self.network.remove)
        watching = self.network.hub.inside(AddressWatch.make_socket)
        self.watch = AddressWatch(watching, self.network.numbers(), SERVICE_ADDRESS)
        self.addCleanup(self.watch.close)
        write_new_key(self.folder / "heart.key")
        script = self.folder / "web"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        (self.folder / "journal").touch()
        self.config = self.folder / "heart.toml"
        self.config.write_text(CONFIGURATION)
        self.nodes = {name: self.make_node(name) for name in NAMES}
        self.alpha, self.beta, self.watcher = (self.nodes[name] for name in NAMES)

    def make_node(self, name: str) -> Node:
        """A node in its namespace."""
        node = Node(name, self.network.hosts[name], self.folder, self.config)
        self.addCleanup(node.reap)
        return node

    def story(self) -> str:
        """What each daemon logged, and what each script did."""
        logs = [f"\n--- {node.name}\n{node.log()}" for node in self.nodes.values()]
        addresses = "\n".join(map(str, self.watch.changes()))
        return "".join(logs) + f"\n--- journal\n{(self.folder / 'journal').read_text()}\n{addresses}"

    def start_all(self) -> None:
        """Start all three; alpha holds the service in the end."""
        for node in self.nodes.values():
            node.start()
        self.holder_is(HELD_BY_ALPHA, *self.nodes.values())

    def holder_is(self, held: Held, *nodes: Node) -> None:
        """Wait until these nodes all say so."""
        self.wait_until(
            lambda: all(services(node.status()) == held for node in nodes), f"all say {held}", LONG
        )

    def changes(self) -> list[tuple[str, str]]:
        """What the scripts did, in order."""
        return [(one.node, one.action) for one in read_journal(self.folder / "journal")]

    def expect_never_two(self) -> None:
        """By what the scripts did and by the kernel's word there were never two holders; and terms grew."""
        self.expect(not self.watch.ever_two(), "two nodes had the address at once")
        ground = Ground(
            NAMES,
            TIMING,
            TIMING,
            0.3,
            lambda a, b: (0.0, BEAT),
            lambda node: 0.0,
            lambda node: tuple(name for name in NAMES if name != node),
            needed=2,
        )
        facts = Facts((OneHolder(ground), TermsGrow(ground)))
        for number, one in enumerate(read_journal(self.folder / "journal")):
            if one.action == "start":
                facts.tell("took", float(number), one.node, "web", one.term)
            else:
                facts.tell("let_go", float(number), one.node, "web")

    def hears(self, node: Node) -> int:
        """How many voters a node says that it hears."""
        return int(self.arbiter(node).get("heard", 0))

    def reason(self, node: Node) -> str:
        """Why the service is where it is, as a node sees it."""
        status: Status | None = node.status()
        return "" if status is None else str(status["services"][0]["reason"])

    def arbiter(self, node: Node) -> dict[str, Any]:
        """What a node says of its arbiter."""
        return dict((node.status() or {}).get("arbiter", {}))
