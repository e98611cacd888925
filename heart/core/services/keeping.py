"""Holding a service, and letting go of it: by force where a rule demands it, else in good order."""

from __future__ import annotations

from heart.core.decisions import Announce, Release, Restart
from heart.core.services import preference, succession
from heart.core.services.failures import Failures
from heart.core.services.leases import lease
from heart.core.services.scene import Scene
from heart.core.services.tenure import Holding, ServiceTenure, Step
from heart.core.state import State


class Keeping:
    """What this node does about services that it holds."""

    def __init__(self, state: State, failures: Failures) -> None:
        self._state = state
        self._failures = failures

    def examine(self, now: float, tenure: ServiceTenure) -> None:
        """Held, or being started: let go where a rule demands it, hand over where another should hold it."""
        scene = self._state.scene(now)
        self._meet(now, tenure, scene)
        demand = succession.demand(scene, tenure)
        if demand is not None:
            self.let_go(now, tenure, demand.reason, demand.facts, forced=True)
            return
        self._failures.tend(now, tenure)
        self._renew(now, tenure)
        self._hand_over(now, tenure, scene)
        rests_on = lease(scene, tenure)
        tenure.urgent = now >= rests_on.urgent_from
        self._state.wake_by(rests_on.until if tenure.urgent else min(rests_on.urgent_from, rests_on.until))

    def _hand_over(self, now: float, tenure: ServiceTenure, scene: Scene) -> None:
        """Let go in good order, where another node should hold it or this one should not."""
        given_up = tenure.health.given_up
        if given_up is not None:
            self.let_go(now, tenure, "fault", given_up, forced=False)
            return
        demand, until = preference.handover(scene, tenure)
        if demand is not None:
            self.let_go(now, tenure, demand.reason, demand.facts, forced=False)
        self._state.wake_by(until)

    def _renew(self, now: float, tenure: ServiceTenure) -> None:
        """A changed configuration gives it other resources: those that changed are started anew, here."""
        if tenure.renewed and tenure.step(Step.RESTART, now, "its resources have changed"):
            tenure.renewed = False
            self._state.speak_now = True
            self._state.decide(Restart(tenure.name, tenure.term, "start"))

    def _meet(self, now: float, tenure: ServiceTenure, scene: Scene) -> None:
        """Another holder: say so once, and tell the network who stays, now and when the other is gone."""
        met = {peer.name: peer for peer in succession.met(scene, tenure)}
        for name, peer in met.items():
            if name not in tenure.rivals_met:
                stays = succession.outranked(tenure, self._state.settings.node, peer)
                facts = f"{name} holds it too; {name if stays else self._state.settings.node} stays"
                self._state.report("conflict", facts, service=tenure.name, term=tenure.term, peer=name)
        if tenure.holding is Holding.HELD and met.keys() != tenure.rivals_met:
            self._state.decide(Announce(tenure.name))
        tenure.rivals_met = set(met)

    def hurry(self, now: float, tenure: ServiceTenure) -> None:
        """A release that takes its time has none where a rule demands it."""
        if tenure.forced:
            return
        scene = self._state.scene(now)
        demand = succession.demand(scene, tenure)
        if demand is not None:
            tenure.forced = True
            self._state.decide(Release(tenure.name, tenure.term, demand.reason, tenure.service.stop))
        else:
            self._state.wake_by(lease(scene, tenure).until)

    def let_go(self, now: float, tenure: ServiceTenure, reason: str, facts: str, forced: bool) -> None:
        """Release it if it is held: by force within its `stop`, or in its own time."""
        if tenure.holding is Holding.STOPPING and forced and not tenure.forced:
            tenure.forced = True
        elif not tenure.step(Step.LET_GO, now, facts):
            return
        else:
            tenure.forced = forced
            self._state.report("release", facts, service=tenure.name, term=tenure.term, cause=reason)
        self._state.speak_now = True
        budget = tenure.service.stop if forced else None
        self._state.decide(Release(tenure.name, tenure.term, reason, budget))

    def released(self, now: float, tenure: ServiceTenure) -> None:
        """Nothing of it is left on this node."""
        tenure.clean = True
        self._state.report("released", tenure.reason, service=tenure.name, term=tenure.term)
        given_up = tenure.health.given_up
        if given_up is None:
            tenure.step(Step.RELEASED, now, tenure.reason)
            tenure.able_again(now)
        else:
            tenure.step(Step.GIVE_UP, now, given_up)
            self._failures.bar(now, tenure, given_up, clean=True)
