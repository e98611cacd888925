"""What a killed daemon left is let go of first."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from heart.config.model import Arbiter, Configuration, Node, Paths, Service, Timing
from heart.interfaces import Tenure
from heart.node.hands import Hands, ledger_file
from heart.node.ledger import Ledger
from heart.node.leftovers import release_leftovers
from heart.node.results import Results
from tests.node.processes import begin
from tests.node.support import Anything, at_once, logged

TIMING = Timing(beat=0.1, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)


def make_configuration(folder: Path) -> Configuration:
    """Two services on two nodes, seen by alpha."""
    names = ("alpha", "beta")
    return Configuration(
        file=folder / "heart.toml",
        cluster="web",
        node="alpha",
        key_file=folder / "heart.key",
        timing=TIMING,
        nodes=tuple(Node(name) for name in names),
        links=(),
        services=(Service("site", names, 0.3, ()), Service("mail", names, 0.7, ())),
        arbiter=Arbiter(),
        events=None,
        paths=Paths(folder / "state", folder / "run"),
        digest="digest",
    )


class FakeSequence:
    """The resources of a service: a release ends when the test says so, or before the order returns."""

    def __init__(self, results: Results, at_once: bool | None = None) -> None:
        self._results = results
        self._at_once = at_once
        self.orders: list[tuple[Tenure, float | None]] = []

    def release_leftovers(self, tenure: Tenure, budget: float | None) -> None:
        """Take the order."""
        self.orders.append((tenure, budget))
        if self._at_once is not None:
            self.end(self._at_once)

    def end(self, clean: bool) -> None:
        """The release has ended."""
        assert self._results.user is not None
        self._results.user.released(
            self.orders[-1][0], clean, "" if clean else "script web stop: exit status 1"
        )


class LeftoversTests(SynchronousTestCase):
    """The release of what the ledger names."""

    def setUp(self) -> None:
        """A ledger as a daemon left it, and the hands of the next one."""
        self.configuration = make_configuration(Path(self.mktemp()))
        self.path = ledger_file(self.configuration)
        self.ledger = Ledger(self.path, at_once)
        self.results = Results()
        self.site, self.mail = FakeSequence(self.results), FakeSequence(self.results)
        self.log = logged(self, "heart.node.leftovers")

    def held(
        self, service: str, term: int, previous: str | None = None, groups: tuple[int, ...] = ()
    ) -> None:
        """A daemon held that when it was killed."""
        tenure = Tenure("web", "alpha", service, term, "dead", previous)
        self.ledger.changed(service, tenure, groups)

    def release(self, configuration: Configuration | None = None) -> Deferred[frozenset[str]]:
        """Begin to let go of it."""
        sequences = {"site": self.site, "mail": self.mail}
        hands: Any = Anything(results=self.results, sequences=sequences)
        coroutine = release_leftovers(configuration or self.configuration, cast(Hands, hands))
        return Deferred.fromCoroutine(coroutine)

    def test_nothing(self) -> None:
        """Where nothing was left, nothing is released, nothing waited for and nothing said."""
        self.assertEqual(self.successResultOf(self.release()), frozenset())
        self.assertEqual((self.site.orders, self.mail.orders, self.log.lines), ([], [], []))

    def test_released(self) -> None:
        """A service is released as `leftover`, in the term in which it was held, within its `stop`."""
        self.held("site", 7, "beta")
        released = self.release()
        self.assertEqual(self.site.orders, [(Tenure("web", "alpha", "site", 7, "leftover", "beta"), 0.3)])
        self.assertEqual(self.mail.orders, [])
        self.assertNoResult(released)
        self.site.end(clean=True)
        self.assertEqual(self.successResultOf(released), frozenset())

    def test_said(self) -> None:
        """It is said in one line what is released, and in which term."""
        self.held("site", 7)
        self.site = FakeSequence(self.results, at_once=True)
        self.successResultOf(self.release())
        self.assertEqual(self.log.levels, ["warn"])
        self.assertIn("site in term 7", self.log.lines[0])

    def test_both_at_once(self) -> None:
        """Services are released side by side, each within its own budget, and all are waited for."""
        self.held("site", 7)
        self.held("mail", 8)
        released = self.release()
        self.assertEqual([budget for _, budget in self.site.orders + self.mail.orders], [0.3, 0.7])
        self.mail.end(clean=True)
        self.assertNoResult(released)
        self.site.end(clean=True)
        self.assertEqual(self.successResultOf(released), frozenset())

    def test_unclean(self) -> None:
        """A service of which something may still run is named in the result, and why in the log."""
        self.held("site", 7)
        self.held("mail", 8)
        released = self.release()
        self.site.end(clean=False)
        self.mail.end(clean=True)
        self.assertEqual(self.successResultOf(released), frozenset({"site"}))
        self.assertEqual(self.log.levels[-1], "error")
        self.assertIn("site could not be released: script web stop: exit status 1", self.log.lines[-1])

    def test_ends_before_it_returns(self) -> None:
        """Releases that have ended before their orders return are not missed."""
        self.held("site", 7)
        self.held("mail", 8)
        self.site = FakeSequence(self.results, at_once=False)
        self.mail = FakeSequence(self.results, at_once=False)
        self.assertEqual(self.successResultOf(self.release()), frozenset({"site", "mail"}))

    def test_scripts(self) -> None:
        """A script that still runs is killed first, so that its start and our stop do not run together."""
        script = begin(self, ["/bin/sh", "-c", "trap '' TERM; sleep 1000"])
        self.held("site", 7, groups=(script.pid,))
        self.site = FakeSequence(self.results, at_once=True)
        self.successResultOf(self.release())
        self.assertEqual(script.wait(10), -signal.SIGKILL)
        self.assertIn("were killed: 1", self.log.lines[0])

    def test_unknown(self) -> None:
        """A service that is no longer configured is told of; its scripts are killed, as nobody else will."""
        script = begin(self, ["/bin/sleep", "1000"])
        self.held("site", 7, groups=(script.pid,))
        self.held("mail", 8)
        self.mail = FakeSequence(self.results, at_once=True)
        less = replace(self.configuration, services=self.configuration.services[1:])
        self.assertEqual(self.successResultOf(self.release(less)), frozenset())
        self.assertEqual(self.site.orders, [])
        self.assertEqual(script.wait(10), -signal.SIGKILL)
        told = [line for level, line in zip(self.log.levels, self.log.lines, strict=True) if level == "error"]
        self.assertEqual(len(told), 1)
        self.assertIn("held site, which is not in the configuration", told[0])
        self.assertEqual(len(self.mail.orders), 1)

    def test_not_a_candidate(self) -> None:
        """A service that this node may not hold any more is released like any other."""
        self.held("site", 7)
        site = replace(self.configuration.services[0], nodes=("beta",))
        changed = replace(self.configuration, services=(site, self.configuration.services[1]))
        self.release(changed)
        self.assertEqual(len(self.site.orders), 1)

    def test_damaged(self) -> None:
        """A ledger that cannot be read is told of in one line, and the daemon goes on."""
        self.path.parent.mkdir(parents=True)
        self.path.write_text("[{")
        self.assertEqual(self.successResultOf(self.release()), frozenset())
        self.assertEqual(self.log.levels, ["error"])
        self.assertTrue(self.log.lines[0].startswith(f"{self.path}: is damaged"), self.log.lines)
