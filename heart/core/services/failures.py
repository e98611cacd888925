"""What is done when a service fails on this node: tried again here, then given up and barred for a while.

A node from which it is barred says so in the status table, with the reason.
"""

from __future__ import annotations

from math import inf

from heart.core.decisions import Check, Restart, TakeOver
from heart.core.services.scene import rivals
from heart.core.services.tenure import Holding, ServiceTenure, Step
from heart.core.state import State

NOTE_LENGTH = 60  # characters of a reason that travel in the status table
MOST_NOTES = 3
PAUSE = 0.1  # of `settle`, before a start that failed is tried again

FAILED = "failed"  # what a note says of a service: barred after failures
HINDERED = "hindered"  # could not be held on that node now


class Failures:
    """Counts the failures of services on this node, and decides what follows."""

    def __init__(self, state: State) -> None:
        self._state = state

    def started(self, now: float, tenure: ServiceTenure) -> None:
        """All its resources run: from now on their status is asked for, where that is wanted."""
        tenure.health.again_at = inf
        self._check_later(now, tenure)

    def start_failed(self, now: float, tenure: ServiceTenure, reason: str, clean: bool) -> None:
        """It did not start: it is tried again here if that may be, else barred."""
        if clean and self._may_try_again(tenure):
            tenure.health.again_at = now + PAUSE * self._state.timing.settle
            self._report(tenure, reason, self._counted(tenure))
        elif tenure.step(Step.START_FAILED, now, reason):
            self.bar(now, tenure, reason, clean)

    def checked(self, now: float, tenure: ServiceTenure, problem: str | None) -> None:
        """Its status is known: where something has failed it is started again here, or given up."""
        health = tenure.health
        # Only a good status tells that it ran so long: one that hangs may take longer than `settle` to fail.
        if now >= tenure.since + self._state.timing.settle and (
            problem is None or not tenure.service.monitor
        ):
            health.recover()
        if problem is None:
            self._check_later(now, tenure)
            return
        health.check_at = inf
        if not self._may_try_again(tenure):
            health.given_up = problem
            return
        tenure.step(Step.RESTART, now, problem)
        self._state.speak_now = True
        self._report(tenure, problem, self._counted(tenure))
        self._state.decide(Restart(tenure.name, tenure.term, "fault"))

    def tend(self, now: float, tenure: ServiceTenure) -> None:
        """Ask for the status, or try a start again, where it is time for that."""
        health = tenure.health
        if tenure.holding is Holding.HELD and now >= health.check_at:
            health.check_at = inf
            self._state.decide(Check(tenure.name, tenure.term))
        if tenure.holding is Holding.STARTING and now >= health.again_at:
            health.again_at = inf
            tenure.renewed = False
            self._state.decide(TakeOver(tenure.name, tenure.term, tenure.cause, tenure.previous))
        self._state.wake_by(min(health.check_at, health.again_at))

    def bar(self, now: float, tenure: ServiceTenure, reason: str, clean: bool) -> None:
        """It failed here for good: this node may not hold it until told to, or until a delay has passed."""
        tenure.clean = clean
        tenure.health.bar(now, tenure.service.forget)
        self._note(tenure, FAILED, reason)
        self._state.speak_now = True
        alone = not any(rivals(self._state.scene(now), tenure))
        ending = f"; no node can hold it now: `heart retry {tenure.name}` once it is mended" if alone else ""
        self._report(tenure, reason, ending, clean=clean)

    def pardon(self, now: float, tenure: ServiceTenure) -> None:
        """Where it is barred: whether the delay has passed, or an operator says that it is mended."""
        health, retried = tenure.health, self._state.orders.retried(tenure.name)
        mended = retried > health.retried
        health.retried = retried
        if not mended and now < health.pardon_at:
            self._state.wake_by(health.pardon_at)
            return
        if mended:
            health.recover()
        why = "an operator says that it is mended" if mended else "its failure here is long ago"
        tenure.step(Step.PARDON, now, why)
        self._note(tenure, FAILED, "")
        self._state.speak_now = True

    def hindered(self, now: float, tenure: ServiceTenure, reason: str | None) -> None:
        """It could not be held on this node now, for that reason; None: now it could."""
        health = tenure.health
        if reason == health.hindrance or not tenure.may_hold:
            return
        if health.hindrance is None:
            health.hindered_since = now
        health.hindrance = reason
        self._note(tenure, HINDERED, reason or "")
        self._state.speak_now = True
        facts = f"cannot be held here: {reason}" if reason else "can be held here again"
        self._state.report("hindered", facts, service=tenure.name, hindered=reason is not None)

    def _may_try_again(self, tenure: ServiceTenure) -> bool:
        tenure.health.tries += 1
        return tenure.health.tries <= tenure.service.restarts and not self._state.draining()

    def _counted(self, tenure: ServiceTenure) -> str:
        return f"; tried again here, {tenure.health.tries} of {tenure.service.restarts}"

    def _check_later(self, now: float, tenure: ServiceTenure) -> None:
        monitor = tenure.service.monitor
        tenure.health.check_at = inf if monitor is None else now + monitor

    def _report(self, tenure: ServiceTenure, reason: str, ending: str, clean: bool = True) -> None:
        barred = tenure.holding is Holding.FAILED
        self._state.report(
            "failed", reason + ending, service=tenure.name, term=tenure.term, clean=clean, barred=barred
        )

    def _note(self, tenure: ServiceTenure, state: str, reason: str) -> None:
        own = self._state.table[self._state.settings.node].notes
        notes = [note for note in own if note[:2] != (tenure.name, state)]
        if reason:
            notes.append((tenure.name, state, reason[:NOTE_LENGTH]))
        self._state.table.write(notes=tuple(notes[-MOST_NOTES:]))
