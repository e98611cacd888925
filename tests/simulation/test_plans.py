"""Plans: in files, replayed, and made shorter; and trials of them."""

from __future__ import annotations

import os
import subprocess
import sys

from msgspec import json, structs
from twisted.trial.unittest import SynchronousTestCase

from heart.core.services import leases
from heart.core.services.electorate import too_few_left, too_many_newcomers
from heart.simulation import plan as p
from heart.simulation.generating import plan_of
from heart.simulation.members import is_about_members
from heart.simulation.search import examine
from heart.simulation.shrinking import shrink
from heart.simulation.timeline import Timeline
from heart.simulation.trial import Trial

DEAF = p.Plan(
    1,
    p.Setup(("alpha", "beta"), (p.Wire("lan"),), times=p.Times(start=2.0, settle=2.0)),
    15.0,
    (
        p.Scripts(1.0, "beta", starts_in=0.5),
        p.Order(2.0, "beta", "retry", "web"),
        p.Suffer(5.0, "lan", cut=(("alpha", "beta"),)),
        p.Slow(7.0, "alpha", 0.01, 1.0),
    ),
)
PRINT = """
from hashlib import blake2b
from heart.simulation.generating import plan_of
from heart.simulation.timeline import Timeline
from heart.simulation.trial import Trial
for seed in (3, 4, 5):
    plan = plan_of(seed)
    timeline = Timeline(plan.setup.nodes)
    Trial(plan, [timeline]).run()
    print(blake2b("\\n".join(timeline.lines()).encode()).hexdigest())
"""


class FileTests(SynchronousTestCase):
    """A plan as a file."""

    def test_kept(self) -> None:
        """What was written is read as it was, for every kind of act."""
        kinds = set()
        for seed in range(200):
            plan = plan_of(seed)
            kinds |= {type(act) for act in plan.acts}
            self.assertEqual(p.read(p.write(plan)), plan)
        self.assertEqual(len(kinds), len(p.Act.__subclasses__()))

    def test_another_version(self) -> None:
        """One of another version is refused, and both versions are told."""
        text = json.encode(structs.asdict(DEAF) | {"format": 99})
        with self.assertRaisesRegex(p.BadPlan, "expected a plan of format 1, and this is of format 99"):
            p.read(text)

    def test_no_plan(self) -> None:
        """What is no plan is refused in a line, whatever it is."""
        whole = p.write(DEAF)
        wrong = [b"", b"\xff\x00", b"[]", b"{}", b'{"format": 1}', whole[:200], whole.replace(b'"lan"', b"7")]
        for text in wrong:
            with self.assertRaisesRegex(p.BadPlan, "^expected a plan that heart simulate has written[^\n]*$"):
                p.read(text)


class MembersTests(SynchronousTestCase):
    """Plans in which the members change."""

    def test_a_daemon_would_take_them(self) -> None:
        """Each file that follows another is one that `heart reload` does not refuse."""
        changes = 0
        for seed in filter(is_about_members, range(2000)):
            plan = plan_of(seed)
            before = plan.setup.nodes
            for act in plan.acts:
                if isinstance(act, p.Reload) and act.nodes != before:
                    self.assertFalse(too_few_left(before, act.nodes), f"seed {seed}")
                    self.assertFalse(too_many_newcomers(before, act.nodes), f"seed {seed}")
                    before = act.nodes
                    changes += 1
        self.assertGreater(changes, 100)

    def test_they_come_into_force(self) -> None:
        """In most plans a set of voters is replaced by another."""
        replaced = []
        for seed in filter(is_about_members, range(200)):
            trial = Trial(plan_of(seed))
            self.assertIsNone(trial.run().broken)
            replaced.append("from now on these vote" in str(trial.cluster.history))
        self.assertGreater(sum(replaced), len(replaced) // 2)


class TrialTests(SynchronousTestCase):
    """Plans carried out."""

    def test_same_history(self) -> None:
        """One seed makes one history, to the byte, whatever order sets have in a process."""
        told = {
            subprocess.run(
                [sys.executable, "-c", PRINT],
                env=os.environ | {"PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("1", "2", "3")
        }
        self.assertEqual(len(told), 1)

    def test_holds(self) -> None:
        """Seeds of every kind break nothing, and end when all is well."""
        for seed in range(20):
            result = examine(seed)
            self.assertEqual((result.rule, result.text), (None, ""), f"seed {seed}")
            self.assertGreater(result.seconds, plan_of(seed).trouble)

    def test_what_is_broken_is_told(self) -> None:
        """With rule 7 taken away two holders are found and told, and the plan shrinks to what does it."""
        self.patch(leases, "lease", lambda scene, tenure: leases.Lease(1e9, 1e9))
        from heart.core.services import keeping, succession

        self.patch(keeping, "lease", leases.lease)
        self.patch(succession, "lease", leases.lease)
        timeline = Timeline(DEAF.setup.nodes)
        broken = Trial(DEAF, [timeline]).run().broken
        assert broken is not None
        self.assertEqual(broken.rule, "5 one right at a time")
        self.assertIn("beta takes web, which alpha holds", str(broken))
        self.assertEqual(shrink(DEAF, broken.rule).acts, DEAF.acts[2:3])
        lines = timeline.lines(broken.time - 1)
        self.assertTrue(any("node-dead alpha" in line for line in lines), lines)

    def test_core_that_fails(self) -> None:
        """A core that raises has broken something, too."""

        def fail(scene: object, tenure: object) -> None:
            raise ZeroDivisionError("of all things")

        from heart.core.services import succession

        self.patch(succession, "obstacle", fail)
        broken = Trial(DEAF).run().broken
        self.assertIn("no fault of our own: at 0.000 s ZeroDivisionError: of all things", str(broken))
