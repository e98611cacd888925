"""What the status says of a service."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import ABLE, CLAIMS, CLEAN, STOPPING, Entry
from heart.core import decisions as d
from heart.core import inputs
from heart.core.description import describe
from tests.core.support import DAY, Bench, FakePeer, make_settings


class ArbiterTests(SynchronousTestCase):
    """What agrees to a takeover, as beta's witness sees it."""

    def arbiter(self, bench: Bench) -> dict[str, Any]:
        """What the status says of it."""
        return dict(describe(bench.core, bench.now, str)["arbiter"])

    def test_trust(self) -> None:
        """Where nobody votes it is its kind alone."""
        self.assertEqual(self.arbiter(Bench()), {"kind": "trust"})

    def test_quorum(self) -> None:
        """Who votes, how many are needed and heard, and who is to vote next."""
        names = ("alpha", "beta", "watcher")
        settings = make_settings("watcher", names, arbiter="quorum", witnesses=("watcher",))
        bench, beta = Bench(settings), FakePeer()
        bench.run_to(0.5, [beta])
        told = {"kind": "quorum", "voters": list(names), "needed": 2, "heard": 2}
        self.assertEqual(self.arbiter(bench), {**told, "coming": None, "between": False})
        more = (*names, "delta")
        bench.give(inputs.Reconfigure(make_settings("watcher", more, arbiter="quorum", witnesses=more[2:])))
        self.assertEqual(self.arbiter(bench), {**told, "coming": list(more), "between": False})

    def test_newcomer(self) -> None:
        """A node that does not vote yet does not count itself."""
        names = ("alpha", "beta", "watcher")
        bench = Bench(make_settings("watcher", names, arbiter="quorum"), voters=("alpha", "beta"))
        bench.run_to(0.5, [FakePeer()])
        self.assertEqual(self.arbiter(bench)["heard"], 1)


class ServiceTests(SynchronousTestCase):
    """The service `web`, seen from alpha."""

    def setUp(self) -> None:
        self.bench, self.beta = Bench(make_settings(restarts=0)), FakePeer()
        self.bench.run_to(0.5, [self.beta])

    def service(self) -> dict[str, Any]:
        """What the status says of it now."""
        (service,) = describe(self.bench.core, self.bench.now, lambda awake: f"at {awake:g}")["services"]
        return dict(service)

    def beta_failed(self) -> None:
        """Beta says that the service failed there."""
        beat = self.beta.beat(self.bench)
        entry = Entry("beta", DAY, 2, "", "0", (("web", "failed", "script: exit 7"),))
        self.bench.give(
            inputs.Heard("lan", structs.replace(beat, word=structs.replace(beat.word, entries=(entry,))))
        )

    def test_held_elsewhere(self) -> None:
        """The holder is who claims it, in the state that its beats tell."""
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS | STOPPING, DAY
        self.bench.run_to(1, [self.beta])
        service = self.service()
        told = (service["holder"], service["state"], service["term"], service["reason"])
        self.assertEqual(told, ("beta", "stopping", DAY, "held by beta"))

    def test_held_elsewhere_since(self) -> None:
        """Held elsewhere, it says since when this node sees it there, not since when it is not here."""
        self.bench.run_to(0.5, [self.beta])
        self.beta.service_flags, self.beta.term = ABLE | CLAIMS, DAY
        self.bench.run_to(0.95, [self.beta])
        self.assertEqual(self.service()["since"], "at 0.6")

    def test_held_here(self) -> None:
        """Held here, it says since when and why."""
        self.bench.run_to(1.15, [self.beta])
        self.bench.give(inputs.Started("web", DAY + 1))
        service = self.service()
        self.assertEqual(
            (service["holder"], service["state"], service["reason"]), ("alpha", "held", "nobody held it")
        )
        self.assertEqual((service["since"], service["wait"]), ("at 1.15", 1.0))

    def test_why_nobody_holds_it(self) -> None:
        """Where nobody holds it, what keeps this node from it is told, and where it failed."""
        self.assertIn("waits 1 s", self.service()["reason"])
        self.beta_failed()
        self.assertTrue(self.service()["reason"].endswith("; failed on beta: script: exit 7"))
        self.assertEqual(self.service()["state"], "stopped")

    def test_failed_everywhere(self) -> None:
        """Failed on every node that may hold it, it is failed, with every reason."""
        self.beta.service_flags = CLEAN
        self.bench.run_to(1.15, [self.beta])
        self.bench.give(inputs.StartFailed("web", self.bench.of(d.TakeOver)[-1].term, "exit 1", True))
        self.beta_failed()
        service = self.service()
        self.assertEqual((service["holder"], service["state"]), (None, "failed"))
        self.assertEqual(service["reason"], "exit 1; failed on beta: script: exit 7")
