"""The search: many seeds, on all cores, for one that breaks an invariant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heart.simulation.generating import plan_of
from heart.simulation.processes import on_all_cores
from heart.simulation.trial import Trial

CHUNK = 8  # seeds that a process is given at once


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one seed: how many seconds were simulated, and how much was done to the cluster.

    `rule` and `text` say what was broken, None and empty where nothing was.
    """

    seed: int
    seconds: float
    acts: int
    rule: str | None = None
    text: str = ""


def examine(seed: int) -> Result:
    """Carry out the plan of a seed."""
    plan = plan_of(seed)
    outcome = Trial(plan).run()
    if outcome.broken is None:
        return Result(seed, outcome.seconds, len(plan.acts))
    return Result(seed, outcome.seconds, len(plan.acts), outcome.broken.rule, str(outcome.broken))


def search(seeds: Iterable[int], processes: int | None = None) -> Iterator[Result]:
    """Examine seeds, in as many processes, as many as there are cores unless said; results as they come."""
    yield from on_all_cores(examine, seeds, CHUNK, processes)
