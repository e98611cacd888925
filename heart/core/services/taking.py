"""The way to a service: considering, asking, taking it over (rules 5 and 10 of docs/safety.md)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from heart.core.decisions import Ask, StoreTerm, TakeOver
from heart.core.services import preference, succession
from heart.core.services.majority import Majority
from heart.core.services.scene import Obstacle, rivals
from heart.core.services.tenure import ServiceTenure, Step
from heart.core.state import State

PATIENCE = 2  # waits for which a question may stay without agreement; on slow ways, their times


class Taking:
    """What this node does about services that it does not hold.

    `seconds` gives the time of day in whole seconds, for terms that outlive lost memory.
    """

    def __init__(self, state: State, seconds: Callable[[], int], majority: Majority) -> None:
        self._state = state
        self._majority = majority
        self._seconds = seconds

    def consider(self, now: float, tenure: ServiceTenure) -> None:
        """Held by nobody here: ask for it where nothing speaks against that."""
        if not tenure.able(self._state.draining()):
            return
        scene = self._state.scene(now)
        hindrance = succession.obstacle(scene, tenure) or self._too_few()
        if hindrance is not None:
            tenure.eligible_since = None
        else:
            if tenure.eligible_since is None:
                tenure.eligible_since = now
            hindrance = preference.precedence(scene, tenure, tenure.eligible_since)
        if hindrance is not None:
            tenure.reason = hindrance.reason
            self._state.wake_by(hindrance.until)
            return
        tenure.cause = preference.cause(scene, tenure)
        self._ask(now, tenure, succession.silent(scene))

    def _ask(self, now: float, tenure: ServiceTenure, silent: tuple[str, ...]) -> None:
        tenure.term = tenure.known_term = max(tenure.known_term + 1, self._seconds())
        votes = self._state.settings.votes
        tenure.granted = votes
        tenure.votes.clear()
        tenure.leased_until = tenure.kept_until = -inf
        tenure.asked = self._state.voice.sequence + 1
        tenure.step(Step.MAY_TAKE, now, "asks for it")
        self._state.asking = True
        self._state.speak_now = True
        self._state.decide(StoreTerm(tenure.name, tenure.term))
        if not votes:
            self._state.decide(Ask(tenure.name, tenure.term, silent))

    def _too_few(self) -> Obstacle | None:
        shortage = self._majority.shortage() if self._state.settings.votes else None
        return None if shortage is None else Obstacle(shortage)

    def pursue(self, now: float, tenure: ServiceTenure) -> None:
        """Asked for: take it over once all agree, or withdraw."""
        scene = self._state.scene(now)
        beaten = succession.beaten_to_it(scene, tenure)
        if beaten is None and self._state.settings.votes:
            self._await_majority(now, tenure)
            return
        slowest = max((peer.patience(now, tenure.wait) for peer in rivals(scene, tenure)), default=0.0)
        patient_until = tenure.since + PATIENCE * max(tenure.wait, slowest)
        if beaten is not None:
            self.withdraw(now, tenure, beaten)
        elif tenure.granted and succession.agreed(scene, tenure):
            self._take_over(now, tenure)
        elif now >= patient_until:
            arbiter = f"the arbiter {self._state.settings.arbiter}"
            who = "every rival that speaks" if tenure.granted else arbiter
            self.withdraw(now, tenure, f"did not get the agreement of {who}")
            tenure.able_again(now)
        else:
            self._state.wake_by(patient_until)

    def _await_majority(self, now: float, tenure: ServiceTenure) -> None:
        until = tenure.since + self._state.timing.lease
        if now < tenure.leased_until:
            self._take_over(now, tenure)
        elif now < until:
            self._state.wake_by(until)
        else:
            tenure.rests_until = now + self._majority.rest(tenure)
            self.withdraw(now, tenure, "did not get the agreement of a majority")
            self._state.report(
                "arbiter", "no majority agrees", service=tenure.name, term=tenure.term, granted=False
            )

    def _take_over(self, now: float, tenure: ServiceTenure) -> None:
        previous, cause = tenure.previous, tenure.cause
        facts = self._facts(cause, previous)
        tenure.step(Step.AGREED, now, facts)
        tenure.held_by(now, self._state.settings.node)
        tenure.rivals_met = set()
        tenure.renewed = False
        tenure.health.begin()
        self._state.speak_now = True
        if self._state.settings.votes:
            for_it = sorted(
                name
                for name, since in tenure.votes.items()
                if now + self._state.voice.ahead < since + self._state.timing.lease
            )
            facts_of_votes = f"{len(for_it)} of {self._state.electorate.size} voters agree"
            self._state.report(
                "arbiter", facts_of_votes, service=tenure.name, term=tenure.term, granted=True, voters=for_it
            )
        self._state.report(
            "takeover", facts, service=tenure.name, term=tenure.term, cause=cause, previous=previous
        )
        self._state.decide(TakeOver(tenure.name, tenure.term, cause, previous))

    def _facts(self, cause: str, previous: str | None) -> str:
        if previous is None or previous not in self._state.peers:
            return "nobody held it"
        return f"{previous} held it, and is {self._state.peers[previous].life.value}" + (
            "" if cause in ("dead", "left") else ", but let go of it"
        )

    def withdraw(self, now: float, tenure: ServiceTenure, reason: str) -> None:
        """Ask for it no longer."""
        tenure.step(Step.WITHDRAW, now, reason)
        tenure.eligible_since = None
        self._state.speak_now = True
