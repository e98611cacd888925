"""Tests of heart.node.voters: who votes, for the shell around the core."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.config import Machine, interpret
from heart.config.model import Configuration
from heart.core import inputs
from heart.node.memory import Remembered
from heart.node.voters import doubt_of_voters, limit_of_few, voters_of
from tests.config.support import Changes, changed, machine
from tests.core.support import Bench, make_settings

NAMES = ("alpha", "beta", "watcher")
MORE = (*NAMES, "second", "third", "fourth")


class CoreTests(SynchronousTestCase):
    """What a core says of those who vote."""

    def test_nobody(self) -> None:
        """Under trust nobody votes: those are told who would, and one node may do all."""
        state = Bench().core.state
        self.assertEqual((voters_of(state), limit_of_few(state)), (("alpha", "beta"), None))

    def test_voters(self) -> None:
        """Those in force are told, whatever the file says by now; and what fewer cannot do."""
        bench = Bench(make_settings("alpha", NAMES, arbiter="quorum"))
        bench.give(inputs.Reconfigure(make_settings("alpha", NAMES[:2], arbiter="quorum")))
        self.assertEqual(voters_of(bench.core.state), NAMES)
        limit = limit_of_few(bench.core.state)
        assert limit is not None
        self.assertTrue(limit.startswith("3 nodes vote, and 2 make a majority: "), limit)

    def test_between(self) -> None:
        """Between two sets it is the next one: what is changed now is changed after that."""
        bench = Bench(make_settings("alpha", NAMES[:2], arbiter="quorum"), voters=NAMES, coming=NAMES[:2])
        self.assertEqual(voters_of(bench.core.state), NAMES[:2])

    def test_alone(self) -> None:
        """A node that votes alone lacks nothing."""
        self.assertIsNone(
            limit_of_few(Bench(make_settings("alpha", ("alpha",), arbiter="quorum")).core.state)
        )


class DoubtTests(SynchronousTestCase):
    """A start with a file that was changed meanwhile."""

    def configuration(self, names: tuple[str, ...], kind: str = "quorum") -> Configuration:
        """The good configuration of the tests, with these witnesses more and that arbiter."""
        changes: Changes = {f"nodes/{name}/witness": True for name in names if name not in NAMES}
        here: Machine = machine()
        content = changed({**changes, "arbiter/kind": kind})
        return interpret(content, Path(self.mktemp()).absolute(), None, here, judge_key=False)

    def test_too_many(self) -> None:
        """Where half of the nodes or more are new to those who voted, one line says who votes still."""
        line = doubt_of_voters(self.configuration(MORE), Remembered(voters=NAMES))
        assert line is not None
        self.assertRegex(
            line, r"^/.*: nodes: half of alpha, .* or more are new to alpha, beta, watcher, who vote "
        )
        self.assertEqual(len(line.splitlines()), 1)

    def test_no_doubt(self) -> None:
        """A first start, a file with fewer new nodes, one that was agreed to, and trust need none."""
        for names, kind, remembered in (
            (MORE, "quorum", Remembered()),
            (MORE[:5], "quorum", Remembered(voters=NAMES)),
            (MORE, "quorum", Remembered(voters=NAMES, coming=MORE[:5])),
            (MORE, "trust", Remembered(voters=NAMES)),
        ):
            self.assertIsNone(doubt_of_voters(self.configuration(names, kind), remembered), remembered)
