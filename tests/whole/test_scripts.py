"""Scripts that fail, hang and flood: the service moves, and beats go on."""

from __future__ import annotations

from tests.whole.case import WholeNodeTests
from tests.whole.netns import alive
from tests.whole.nodes import Node, kinds, services
from tests.whole.settings import Wish

MEGABYTES = 40


class StartTests(WholeNodeTests):
    """A start that does not come to a good end, and is not tried again on that node."""

    wish = Wish(service="restarts = 0")

    def failed(self, node: Node) -> list[str]:
        """Why a service failed on a node, each time."""
        return [event["reason"] for event in node.events() if event["kind"] == "failed"]

    def test_fails(self) -> None:
        """Where it fails on one node, everything is undone there, and the other takes the service."""
        self.lab.does("alpha", "start", "echo no licence >&2; exit 7")
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(lambda: self.lab.whole("beta"), "beta takes over")
        self.expect_never_two()
        journal = [(one.node, one.action) for one in self.lab.journal()]
        self.assertEqual(journal, [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])
        changes = [(change.host, change.held) for change in self.lab.watch.changes()]
        self.assertEqual(changes, [("alpha", True), ("alpha", False), ("beta", True)])
        reason = self.failed(self.lab.alpha)[0]
        self.assertIn("7", reason)
        self.assertIn("no licence", reason)
        self.remains(lambda: self.lab.whole("beta"), "beta keeps the service")


class HangingTests(WholeNodeTests):
    """A start that never ends."""

    wish = Wish(timeout="2s", service="restarts = 0")

    def test_hangs(self) -> None:
        """It is killed at its deadline with its children, beats go on, and the other takes over."""
        pids = self.lab.folder / "pids"
        hang = f"(trap '' TERM; sleep 5000) & echo $$ $! > {pids}; trap '' TERM; while :; do wait; done"
        self.lab.does("alpha", "start", hang)
        self.lab.alpha.start()
        self.lab.beta.start()
        self.wait_until(
            lambda: pids.exists() and pids.read_text().endswith("\n"), "the script of alpha hangs"
        )
        hanging = [int(word) for word in pids.read_text().split()]
        self.assertEqual([alive(pid) for pid in hanging], [True, True])
        self.wait_until(
            lambda: services(self.lab.beta.status()).get("web") == ("alpha", "starting"), "beta hears of it"
        )
        self.wait_until(lambda: self.lab.held_by("beta"), "beta takes over")
        self.assertEqual([alive(pid) for pid in hanging], [False, False])
        self.expect_never_two()
        journal = [(one.node, one.action) for one in self.lab.journal()]
        self.assertEqual(journal, [("alpha", "start"), ("alpha", "stop"), ("beta", "start")])
        for node in self.lab.nodes.values():
            self.expect(not {"node-dead", "slept"} & set(kinds(node.events())), f"{node.name} was to beat on")


class FloodTests(WholeNodeTests):
    """A script that writes without end."""

    def test_floods(self) -> None:
        """Megabytes of output hold up neither the takeover nor a beat, and fill no log."""
        self.lab.does(
            "alpha", "start", f"head -c {MEGABYTES}000000 /dev/zero | tr '\\0' 'x'; echo; echo done"
        )
        self.start_both()
        for node in self.lab.nodes.values():
            self.expect(not {"node-dead", "slept"} & set(kinds(node.events())), f"{node.name} was to beat on")
        self.wait_until(lambda: "start wrote" in self.lab.alpha.log(), "the log tells what the script wrote")
        self.expect(len(self.lab.alpha.log()) < 50_000, "the log was to stay small")

    def test_never_ends(self) -> None:
        """A script that goes on writing while the service is held disturbs nobody, and a stop ends it."""
        pid = self.lab.folder / "pid"
        self.lab.does("alpha", "start", f"yes beat & echo $! > {pid}")
        self.lab.does("alpha", "stop", f"kill $(cat {pid})")
        self.start_both()
        self.remains(lambda: self.lab.whole("alpha"), "alpha holds the service")
        self.expect(len(self.lab.alpha.log()) < 50_000, "the log was to stay small")
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds the service")
        self.expect(not alive(int(pid.read_text())), "the stop was to end it")
        self.expect_never_two()
