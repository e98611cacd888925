"""The shortest plan that still breaks what a plan breaks."""

from __future__ import annotations

from msgspec import structs

from heart.simulation.plan import Acts, Plan
from heart.simulation.trial import Trial

MOST_TRIALS = 400


def shrink(plan: Plan, rule: str) -> Plan:
    """Leave out what is not needed to break the same rule (delta debugging: Zeller, IEEE TSE 28(2), 2002).

    Takes no more than 400 trials: then what is left is returned.
    """
    return _Shrinking(plan, rule).shortest()


class _Shrinking:
    def __init__(self, plan: Plan, rule: str) -> None:
        self._plan = plan
        self._rule = rule
        self._left = MOST_TRIALS

    def shortest(self) -> Plan:
        parts = 2
        while len(self._plan.acts) > 1 and self._left > 0:
            if self._without_a_part(parts):
                parts = max(2, parts - 1)
            elif parts >= len(self._plan.acts):
                break
            else:
                parts = min(len(self._plan.acts), 2 * parts)
        return self._plan

    def _without_a_part(self, parts: int) -> bool:
        """Leave out one of so many parts of the acts; True where that may be."""
        acts = self._plan.acts
        size = -(-len(acts) // parts)
        return any(self._breaks(acts[:begin] + acts[begin + size :]) for begin in range(0, len(acts), size))

    def _breaks(self, acts: tuple[Acts, ...]) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        shorter = structs.replace(self._plan, acts=acts)
        broken = Trial(shorter).run().broken
        if broken is None or broken.rule != self._rule:
            return False
        self._plan = shorter
        return True
