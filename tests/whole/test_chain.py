"""Four nodes on three null-modem cables in a row, with no network between them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from heart.keys import write_new_key
from tests.whole.cable import Cable
from tests.whole.case import LONG, WaitingTests
from tests.whole.netns import Namespace
from tests.whole.nodes import Node, Status, services, states
from tests.whole.observer import overlaps, read_journal
from tests.whole.settings import SCRIPT

NAMES = ("alpha", "beta", "gamma", "delta")
CABLES = {"ab": ("alpha", "beta"), "bc": ("beta", "gamma"), "cd": ("gamma", "delta")}


def configuration(cables: dict[str, Cable]) -> str:
    """The file of all four: each cable is between the two nodes that it joins."""
    nodes = "".join(
        f"[nodes.{name}]\n"
        + "".join(
            f'[nodes.{name}.links.{word}]\ndevice = "{cable.device(name)}"\n'
            for word, cable in cables.items()
            if name in CABLES[word]
        )
        for name in NAMES
    )
    links = "".join(
        f'[links.{word}]\nkind = "serial"\nnodes = ["{ends[0]}", "{ends[1]}"]\nbaud = 115200\n'
        for word, ends in CABLES.items()
    )
    return f"""cluster = "web"
key_file = "heart.key"
{nodes}
{links}
[services.web]
nodes = ["alpha", "beta", "gamma", "delta"]
[[services.web.resources]]
kind = "script"
command = ["web"]
[paths]
state = "state"
run = "run"
"""


class ChainTests(WaitingTests):
    """Each machine is in a network namespace that has nothing but its loopback."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="hh-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.cables = {word: self.make_cable(word, ends) for word, ends in CABLES.items()}
        write_new_key(self.folder / "heart.key")
        script = self.folder / "web"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        (self.folder / "journal").touch()
        config = self.folder / "heart.toml"
        config.write_text(configuration(self.cables))
        self.nodes = {name: self.make_node(name, config) for name in NAMES}

    def make_cable(self, word: str, ends: tuple[str, str]) -> Cable:
        """A cable whose two devices lie in a folder of its own."""
        place = self.folder / word
        place.mkdir()
        cable = Cable(place, ends)
        self.addCleanup(cable.remove)
        return cable

    def make_node(self, name: str, config: Path) -> Node:
        """A node in a namespace of its own."""
        namespace = Namespace(f"hh-{os.getpid()}-chain-{name}")
        self.addCleanup(namespace.remove)
        node = Node(name, namespace, self.folder, config)
        self.addCleanup(node.reap)
        return node

    def story(self) -> str:
        """The logs and the journal."""
        logs = "".join(f"\n--- log of {node.name}\n{node.log()[-5000:]}" for node in self.nodes.values())
        return f"{logs}\n--- journal\n{(self.folder / 'journal').read_text()}"

    def told(self) -> list[Status | None]:
        """What each node that runs knows."""
        return [node.status() for node in self.nodes.values() if node.running()]

    def whole(self, holder: str) -> bool:
        """Whether all four are up to each other, with that holder."""
        told = self.told()
        return len(told) == len(NAMES) and all(
            services(status) == {"web": (holder, "held")} and states(status) == dict.fromkeys(NAMES, "up")
            for status in told
        )

    def start_all(self) -> None:
        """Start all four, and wait until they are one cluster."""
        for node in self.nodes.values():
            node.start()
        self.wait_until(lambda: self.whole("alpha"), "all are up, and alpha holds the service", 2 * LONG)

    def test_one_table(self) -> None:
        """All four are in one table, though only neighbours share a cable; `heart status` shows the way."""
        self.start_all()
        self.remains(lambda: self.whole("alpha"), "it stays so")
        status = self.nodes["delta"].status() or {}
        through = {node["name"]: node["through"] for node in status["nodes"]}
        self.assertEqual(
            through, {"alpha": ["beta", "gamma"], "beta": ["gamma"], "gamma": None, "delta": None}
        )
        code, output = self.nodes["delta"].heart("status")
        self.assertEqual(code, 0, output)
        self.assertIn("through", output)
        for node in self.nodes.values():
            told = {event["kind"] for event in node.events()}
            self.expect(not {"node-dead", "refused", "conflict", "release"} & told, f"{node.name}: {told}")

    def test_move_from_end_to_end(self) -> None:
        """An order at one end about the other is carried out, with never two holders."""
        self.start_all()
        code, output = self.nodes["alpha"].heart("move", "web", "delta")
        self.expect(code == 0, f"heart move: {output}")
        self.wait_until(lambda: self.whole("delta"), "delta holds it")
        self.assertEqual(overlaps(read_journal(self.folder / "journal")), [])

    def test_death_at_the_end(self) -> None:
        """The holder at one end dies: its neighbour takes over, and the other end knows of both."""
        self.start_all()
        for cable in self.cables.values():
            if cable is self.cables["ab"]:
                cable.cut()
        self.nodes["alpha"].kill()
        self.wait_until(
            lambda: all(
                services(status) == {"web": ("beta", "held")} and states(status)["alpha"] == "dead"
                for status in self.told()
            ),
            "beta holds it, and all three know that alpha is dead",
        )
        self.cables["ab"].heal()
        self.nodes["alpha"].start()
        self.wait_until(lambda: self.whole("beta"), "alpha is back in the table, through the others")

    def test_goodbye_at_the_end(self) -> None:
        """A node that is stopped at one end is known to have left at the other."""
        self.start_all()
        self.stop(self.nodes["alpha"])
        self.wait_until(
            lambda: all(states(status)["alpha"] in ("left", "dead") for status in self.told()), "it has left"
        )
        self.wait_until(
            lambda: all(services(status) == {"web": ("beta", "held")} for status in self.told()),
            "beta holds it",
        )
