"""How nodes end: asked to, killed, with their whole machine, and how one comes back after that."""

from __future__ import annotations

import signal
import time
from functools import partial

from tests.whole.case import LONG, WholeNodeTests
from tests.whole.netns import alive
from tests.whole.nodes import Node, kinds, services, states
from tests.whole.settings import BEAT, STOP

SLOW = 1.5  # seconds by which a machine that is busy with other things may be late with anything


class TerminatedTests(WholeNodeTests):
    """SIGTERM."""

    def test_holder(self) -> None:
        """A holder that is stopped lets go in order, says goodbye, and only then the other begins."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds the service")
        self.wait_until(lambda: self.lab.client.who() == "beta", "the address answers on beta")
        self.expect_never_two()
        journal = [(one.node, one.action, one.reason, one.previous) for one in self.lab.journal()]
        self.assertEqual(
            journal,
            [
                ("alpha", "start", "start", ""),
                ("alpha", "stop", "shutdown", ""),
                ("beta", "start", "left", "alpha"),
            ],
        )
        changes = [(change.host, change.held) for change in self.lab.watch.changes()]
        self.assertEqual(changes, [("alpha", True), ("alpha", False), ("beta", True)])
        told = self.lab.beta.events()
        self.assertNotIn("node-dead", kinds(told))
        self.assertLess(kinds(told).index("node-left"), kinds(told).index("takeover"))
        self.assertEqual(states(self.lab.beta.status())["alpha"], "left")

    def test_goodbye_is_quiet(self) -> None:
        """Who stops as it should does not begin another life, and nothing of its goodbye is refused."""
        self.start_both()
        self.stop(self.lab.alpha)
        self.wait_until(lambda: self.lab.held_by("beta"), "beta holds the service")
        self.expect("incarnation" not in self.lab.alpha.log().split("SIGTERM")[1], "alpha began another life")
        status = self.lab.beta.status()
        assert status is not None
        refused = {link["name"]: link["refused"] for link in status["links"]}
        self.expect(not any(map(sum, (r.values() for r in refused.values()))), f"refused: {refused}")

    def answers(self, node: Node) -> bool:
        """Whether a daemon answers."""
        return node.status() is not None

    def test_last_word(self) -> None:
        """The last that a stopped daemon has to say is in its log, each time."""
        lives = 3
        for life in range(1, lives + 1):
            for node in self.lab.nodes.values():
                node.start()
            for node in self.lab.nodes.values():
                self.wait_until(partial(self.answers, node), f"{node.name} lives")
            for node in self.lab.nodes.values():
                self.stop(node)
                words = node.log().count("has let go of everything and ends")
                self.expect(words == life, f"of {life} lives of {node.name} {words} ended with a last word")

    def test_other(self) -> None:
        """One that holds nothing leaves without a trace, and comes back without one."""
        self.start_both()
        newest = self.newest(self.lab.alpha)
        self.stop(self.lab.beta)
        self.wait_until(lambda: states(self.lab.alpha.status()).get("beta") == "left", "beta has left")
        self.remains(lambda: self.lab.held_by("alpha"), "alpha keeps the service", 1)
        self.lab.beta.start()
        self.wait_until(lambda: self.lab.whole("alpha"), "beta is back")
        after = [e["kind"] for e in self.lab.alpha.events() if e["sequence"] > newest and "service" in e]
        self.assertEqual(after, [])
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])


class KilledTests(WholeNodeTests):
    """SIGKILL."""

    def test_machine(self) -> None:
        """A dead machine's service is taken over; revived, it lets go of its rest and takes nothing back."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        self.lose_machine(self.lab.alpha)
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.wait_until(lambda: self.lab.client.who() == "beta", "the address answers on beta")
        told = self.lab.beta.events()
        verdict = [kind for kind in kinds(told) if kind in ("node-late", "node-dead", "takeover", "held")]
        self.assertEqual(verdict[-4:], ["node-late", "node-dead", "takeover", "held"])
        taken = self.lab.journal()[-1]
        self.assertEqual(
            (taken.node, taken.action, taken.reason, taken.previous), ("beta", "start", "dead", "alpha")
        )
        self.assertGreater(taken.term, self.lab.journal()[0].term)
        self.lab.alpha.start()
        self.wait_until(
            lambda: self.lab.watch.holders() == {"beta"}, "alpha let go of what its dead daemon left"
        )
        self.assertEqual((self.lab.journal()[-1].node, self.lab.journal()[-1].reason), ("alpha", "leftover"))
        self.lab.network.heal("alpha")
        self.lab.cable.heal()
        self.wait_until(lambda: self.lab.whole("beta"), "alpha is back, and beta holds the service")
        self.remains(lambda: self.lab.whole("beta"), "beta keeps the service")
        self.wait_until(lambda: self.lab.client.who() == "beta", "the address answers on beta")

    def test_daemon_alone(self) -> None:
        """With the holder's daemon dead on a live machine, clients reach the new holder by gratuitous ARP."""
        self.start_both()
        self.wait_until(lambda: self.lab.client.who() == "alpha", "the address answers on alpha")
        self.lab.alpha.kill()
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.wait_until(
            lambda: self.lab.client.who() == "beta", "the client is told by ARP that beta has it now"
        )
        self.assertEqual(self.lab.journal()[-1].reason, "dead")


class LeftoverTests(WholeNodeTests):
    """What a killed daemon leaves."""

    def test_released_first(self) -> None:
        """An address and a script that hangs with its child are ended before a daemon takes anything."""
        pids = self.lab.folder / "pids"
        self.lab.does(
            "alpha", "start", f"sleep 5000 & echo $$ $! > {pids}; trap '' TERM; while :; do wait; done"
        )
        self.lab.alpha.start()
        self.wait_until(
            lambda: pids.exists() and pids.read_text().endswith("\n"), "the script of alpha hangs"
        )
        self.wait_until(lambda: self.lab.watch.holders() == {"alpha"}, "alpha has the address")
        hanging = [int(word) for word in pids.read_text().split()]
        self.assertEqual([alive(pid) for pid in hanging], [True, True])
        # The ledger is written from a thread, a moment after the script began.
        ledger = self.lab.folder / "run" / "web.alpha.held"
        self.wait_until(lambda: str(hanging[0]) in ledger.read_text(), "alpha has written down what it runs")
        self.lab.alpha.kill()
        self.assertEqual([alive(pid) for pid in hanging], [True, True])
        self.assertEqual(self.lab.watch.holders(), {"alpha"})
        self.lab.does_nothing("alpha", "start")
        self.lab.alpha.start()
        self.wait_until(lambda: not any(map(alive, hanging)), "the hanging script and its child are dead")
        self.wait_until(lambda: self.lab.watch.holders() == frozenset(), "the address is let go of")
        self.wait_until(lambda: self.lab.held_by("alpha"), "alpha takes the service anew")
        journal = [(one.action, one.reason) for one in self.lab.journal()]
        self.assertEqual(journal, [("start", "start"), ("stop", "leftover"), ("start", "start")])
        self.assertGreater(self.lab.journal()[2].term, self.lab.journal()[0].term)
        changes = [change.held for change in self.lab.watch.changes()]
        self.assertEqual(changes, [True, False, True])


class StoppedTests(WholeNodeTests):
    """SIGSTOP and SIGCONT: a daemon that is frozen for a while."""

    def test_holder(self) -> None:
        """A holder that slept through its own death lets go on waking, at once, and claims nothing again."""
        self.start_both()
        self.lab.alpha.send(signal.SIGSTOP)
        self.addCleanup(self.lab.alpha.send, signal.SIGCONT)
        stopped = time.monotonic()
        self.wait_until(
            lambda: services(self.lab.beta.status()) == {"web": ("beta", "held")}, "beta takes over"
        )
        self.wait_until(lambda: time.monotonic() > stopped + 5, "five seconds have passed")
        asleep = self.lab.journal()
        self.assertEqual([(one.node, one.action) for one in asleep], [("alpha", "start"), ("beta", "start")])
        self.lab.alpha.send(signal.SIGCONT)
        woken = time.monotonic()
        self.wait_until(lambda: self.lab.watch.holders() == {"beta"}, "alpha lets go")
        gone = self.lab.watch.changes()[-1]
        self.assertEqual((gone.host, gone.held), ("alpha", False))
        self.assertLess(gone.at - woken, STOP + 2 * BEAT + SLOW)
        self.wait_until(lambda: self.lab.whole("beta"), "both see that beta holds it")
        self.remains(lambda: self.lab.whole("beta"), "beta keeps the service")
        self.assertEqual(self.lab.watch.changes()[-1], gone)
        after = [(one.node, one.action) for one in self.lab.journal()[len(asleep) :]]
        self.assertEqual(after, [("alpha", "stop")])
        self.wait_until(lambda: self.lab.client.who() == "beta", "the address answers on beta")
        told = self.lab.alpha.events()
        self.assertIn("slept", kinds(told))
        self.assertEqual([event["cause"] for event in told if event["kind"] == "release"], ["lease"])
        self.assertEqual(kinds(told).count("takeover"), 1)

    def test_other(self) -> None:
        """One that holds nothing wakes, finds a silence that says nothing, and takes nothing."""
        self.start_both()
        self.lab.beta.send(signal.SIGSTOP)
        self.addCleanup(self.lab.beta.send, signal.SIGCONT)
        stopped = time.monotonic()
        self.wait_until(
            lambda: states(self.lab.alpha.status()).get("beta") == "dead", "alpha judges beta dead"
        )
        self.wait_until(lambda: time.monotonic() > stopped + 5, "five seconds have passed")
        self.lab.beta.send(signal.SIGCONT)
        self.wait_until(lambda: self.lab.whole("alpha"), "beta is back", LONG)
        self.remains(lambda: self.lab.whole("alpha"), "alpha keeps the service", 1)
        slept = [event["sequence"] for event in self.lab.beta.events() if event["kind"] == "slept"]
        self.expect(slept, "beta knows that it slept")
        self.expect_no_change(self.lab.beta, slept[0] - 1)
        self.assertEqual([(one.node, one.action) for one in self.lab.journal()], [("alpha", "start")])
