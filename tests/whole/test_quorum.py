"""Three real daemons of which a majority decides: two that may hold the service, and a witness."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from heart.config.model import Timing
from heart.keys import write_new_key
from heart.simulation.invariants.base import Ground
from heart.simulation.invariants.facts import Facts
from heart.simulation.invariants.holding import OneHolder
from heart.simulation.invariants.succession import TermsGrow
from tests.whole.case import LONG, WaitingTests
from tests.whole.netns import Network
from tests.whole.nodes import Node, Status, services, states
from tests.whole.observer import read_journal
from tests.whole.settings import BEAT, PORT, SCRIPT

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
interface = "eth0"
port = {PORT}
[services.web]
nodes = ["alpha", "beta"]
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


class QuorumTests(WaitingTests):
    """One bridge, and a network namespace for each node."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="hh-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.network = Network(f"hh-{os.getpid()}-q", {"alpha": 1, "beta": 2, "watcher": 3, "fourth": 4})
        self.addCleanup(self.network.remove)
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
        return "".join(logs) + f"\n--- journal\n{(self.folder / 'journal').read_text()}"

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
        """What the scripts did breaks no rule: there were never two holders, and terms grew."""
        ground = Ground(NAMES, TIMING, TIMING, 0.3, lambda a, b: (0.0, BEAT), lambda node: 0.0, needed=2)
        facts = Facts((OneHolder(ground), TermsGrow(ground)))
        for number, one in enumerate(read_journal(self.folder / "journal")):
            if one.action == "start":
                facts.tell("took", float(number), one.node, "web", one.term)
            else:
                facts.tell("let_go", float(number), one.node, "web")

    def hears(self, node: Node) -> int:
        """How many voters a node says that it hears."""
        status: Status | None = node.status()
        return 0 if status is None else int(status["arbiter"]["heard"])

    def test_death_of_the_holder(self) -> None:
        """When the holder's machine dies the other takes over, with the witness's vote."""
        self.start_all()
        status = self.watcher.status()
        assert status is not None
        arbiter = {"kind": "quorum", "voters": list(NAMES), "needed": 2, "heard": 3, "between": False}
        self.assertEqual(status["arbiter"], arbiter)
        self.alpha.kill()
        self.holder_is(HELD_BY_BETA, self.beta, self.watcher)
        (told,) = [event for event in self.beta.events() if event["kind"] == "arbiter"]
        self.assertEqual((told["granted"], told["voters"]), (True, ["beta", "watcher"]))

    def test_holder_that_is_cut_off(self) -> None:
        """A holder that is cut off lets go before the other takes over; healed, it stays there."""
        self.start_all()
        self.network.cut("alpha")
        self.holder_is(HELD_BY_BETA, self.beta, self.watcher)
        self.holder_is(HELD_BY_NOBODY, self.alpha)
        self.assertEqual(self.changes(), [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])
        self.network.heal("alpha")
        self.wait_until(lambda: states(self.alpha.status()) == dict.fromkeys(NAMES, "up"), "all are up")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_BETA, "beta keeps the service")
        self.expect_never_two()

    def test_holder_and_standby_lose_each_other(self) -> None:
        """A standby that is cut off takes nothing, and the holder, which the witness hears, goes on."""
        self.start_all()
        self.network.cut("beta")
        self.wait_until(lambda: self.hears(self.beta) == 1, "beta hears nobody")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        self.assertEqual(self.changes(), [("alpha", "start")])
        _, text = self.beta.heart("status")
        self.assertIn("quorum (hears 1 of 3 voters, needs 2)", text)

    def test_no_majority(self) -> None:
        """A holder that is left alone lets go, takes nothing again, and says why; one more node is enough."""
        self.start_all()
        self.watcher.kill()
        self.wait_until(lambda: self.hears(self.alpha) == 2, "the witness is missed")
        self.assertEqual(self.changes(), [("alpha", "start")])
        self.beta.kill()
        self.holder_is(HELD_BY_NOBODY, self.alpha)
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_NOBODY, "nobody holds it")
        status = self.alpha.status()
        assert status is not None
        self.assertIn("hears 1 of 3 voters, itself included, and needs 2", status["services"][0]["reason"])
        self.watcher.start()
        self.holder_is(HELD_BY_ALPHA, self.alpha, self.watcher)
        self.expect_never_two()

    def test_restart_of_a_voter(self) -> None:
        """A witness that is started anew costs the service nothing."""
        self.start_all()
        self.stop(self.watcher)
        self.watcher.start()
        self.wait_until(lambda: self.hears(self.alpha) == 3, "the witness votes again")
        self.remains(lambda: services(self.alpha.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        self.assertEqual(self.changes(), [("alpha", "start")])

    def test_move(self) -> None:
        """An order moves the service, and the witness lets it."""
        self.start_all()
        code, text = self.watcher.heart("move", "web", "beta")
        self.assertEqual(code, 0, text)
        self.holder_is(HELD_BY_BETA, self.alpha, self.beta, self.watcher)
        self.assertEqual(self.changes(), [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])

    def test_one_more_voter(self) -> None:
        """A fourth node comes to vote by a reload of each, and the service stays where it is."""
        self.start_all()
        self.config.write_text(
            CONFIGURATION.replace("[links.lan]", "[nodes.fourth]\nwitness = true\n[links.lan]")
        )
        fourth = self.nodes["fourth"] = self.make_node("fourth")
        fourth.start()
        for name in NAMES:
            code, text = self.nodes[name].heart("reload")
            self.assertEqual(code, 0, text)
        everyone = self.nodes.values()
        self.wait_until(lambda: all(self.hears(node) == 4 for node in everyone), "all hear four voters")
        self.remains(lambda: services(fourth.status()) == HELD_BY_ALPHA, "alpha keeps the service")
        self.assertEqual(self.changes(), [("alpha", "start")])

    def test_too_many_new_voters(self) -> None:
        """A reload by which half of the voters would be new is refused, and nothing changes."""
        self.start_all()
        more = "".join(f"[nodes.new{number}]\nwitness = true\n" for number in range(3))
        self.config.write_text(CONFIGURATION.replace("[links.lan]", f"{more}[links.lan]"))
        code, text = self.alpha.heart("reload")
        self.assertEqual(code, 1)
        self.assertIn("nodes: expected that less than half of them are new, since they vote", text)
        self.assertEqual(self.hears(self.alpha), 3)
