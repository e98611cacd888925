"""Holds every service of this node against the rules, and takes each step of its tenure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heart.beat import CLAIMS, ServiceWord
from heart.core import succession
from heart.core.decisions import Announce, Ask, Release, StoreTerm, TakeOver
from heart.core.state import State
from heart.core.tenure import Holding, ServiceTenure, Step

NOTE_LENGTH = 60  # characters of a reason that travel in the status table
MOST_NOTES = 3
PATIENCE = 2  # waits for which a question may stay without agreement


class Tenures:
    """The services that this node may hold, and what it knows of the others' tenures of them.

    `seconds` gives the time of day in whole seconds, for terms that outlive lost memory.
    """

    def __init__(
        self, state: State, now: float, terms: Mapping[str, int], seconds: Callable[[], int]
    ) -> None:
        self._state = state
        self._seconds = seconds
        node = state.settings.node
        self.all = tuple(
            ServiceTenure(
                service,
                state.timing.wait(service.stop),
                node in service.nodes,
                now,
                terms.get(service.name, 0),
            )
            for service in state.settings.services
        )
        self._named = {tenure.name: tenure for tenure in self.all}
        self._checks = {
            Holding.STOPPED: self._consider,
            Holding.ASKING: self._pursue,
            Holding.STARTING: self._examine,
            Holding.HELD: self._examine,
            Holding.STOPPING: self._hurry,
            Holding.FAILED: self._pardon,
        }

    def words(self) -> tuple[ServiceWord, ...]:
        """What this node's beats say of the services."""
        return tuple(tenure.word(self._state.leaving) for tenure in self.all)

    def claiming(self) -> bool:
        """Whether this node holds any service or part of one."""
        return any(tenure.claiming() for tenure in self.all)

    def clean(self) -> bool:
        """Whether nothing of any service is left on this node, for sure."""
        return all(tenure.clean for tenure in self.all)

    def check(self, now: float) -> None:
        """Hold every service against the rules."""
        for tenure in self.all:
            self._learn(tenure)
            self._checks[tenure.holding](now, tenure)
        self._state.asking = any(tenure.holding is Holding.ASKING for tenure in self.all)

    def answered(self, now: float, service: str, term: int, granted: bool) -> None:
        """The arbiter has answered."""
        tenure = self._named[service]
        if tenure.holding is not Holding.ASKING or tenure.term != term:
            return
        arbiter = self._state.settings.arbiter
        if granted:
            tenure.granted = True
            self._state.report("arbiter", f"{arbiter} agrees", service=service, term=term, granted=True)
        else:
            self._state.report("arbiter", f"{arbiter} refuses", service=service, term=term, granted=False)
            self._withdraw(now, tenure, f"{arbiter} refuses")
            self._able_again(now, tenure)

    def started(self, now: float, service: str, term: int) -> None:
        """All resources of a service run."""
        tenure = self._named[service]
        if tenure.term == term and tenure.step(Step.STARTED, now, tenure.reason):
            tenure.failures = 0
            self._state.speak_now = True
            self._state.report("held", "all its resources run", service=service, term=term)

    def start_failed(self, now: float, service: str, term: int, reason: str, clean: bool) -> None:
        """A resource did not start, and what had been started was stopped again."""
        tenure = self._named[service]
        if tenure.term == term and tenure.step(Step.START_FAILED, now, reason):
            self._failed(now, tenure, reason, clean)

    def released(self, now: float, service: str, term: int, reason: str, clean: bool) -> None:
        """A release has ended."""
        tenure = self._named[service]
        if tenure.term != term or tenure.holding is not Holding.STOPPING:
            return
        tenure.forced = False
        if clean:
            tenure.step(Step.RELEASED, now, tenure.reason)
            tenure.clean = True
            self._able_again(now, tenure)
            self._state.report("released", tenure.reason, service=service, term=term)
        else:
            tenure.step(Step.NOT_RELEASED, now, reason)
            self._failed(now, tenure, reason, clean)
        self._state.speak_now = True

    def cannot_hold(self, now: float, service: str, reason: str) -> None:
        """Something of the service may be on this node that cannot be controlled."""
        tenure = self._named[service]
        tenure.step(Step.BAR, now, reason)
        self._failed(now, tenure, reason, clean=False)

    def let_go_of_all(self, now: float, reason: str, facts: str, forced: bool) -> None:
        """Release whatever is held, by force within the services' `stop` or in its own time."""
        for tenure in self.all:
            if tenure.holding is Holding.ASKING:
                self._withdraw(now, tenure, facts)
            self._let_go(now, tenure, reason, facts, forced)

    def delay(self, seconds: float) -> None:
        """This node was asleep: that time counts for nothing that it waits for."""
        for tenure in self.all:
            tenure.able_since += seconds
            tenure.eligible_since = None

    def _learn(self, tenure: ServiceTenure) -> None:
        """Take up the greatest term, and who had it, from what the peers say."""
        for peer in self._state.everyone:
            said = peer.said.get(tenure.name_hash)
            if said is None:
                continue
            if said.flags & CLAIMS and said.term >= tenure.known_term and not tenure.claiming():
                tenure.previous = peer.name
            tenure.known_term = max(tenure.known_term, said.term)

    def _consider(self, now: float, tenure: ServiceTenure) -> None:
        if not tenure.able(self._state.leaving):
            return
        scene = self._state.scene(now)
        hindrance = succession.obstacle(scene, tenure)
        if hindrance is not None:
            tenure.eligible_since = None
        else:
            if tenure.eligible_since is None:
                tenure.eligible_since = now
            hindrance = succession.precedence(scene, tenure, tenure.eligible_since)
        if hindrance is not None:
            tenure.reason = hindrance.reason
            self._state.wake_by(hindrance.until)
            return
        self._ask(now, tenure, succession.silent(scene))

    def _ask(self, now: float, tenure: ServiceTenure, silent: tuple[str, ...]) -> None:
        tenure.term = tenure.known_term = max(tenure.known_term + 1, self._seconds())
        tenure.granted = False
        tenure.asked = self._state.voice.sequence + 1
        tenure.step(Step.MAY_TAKE, now, "asks for it")
        self._state.asking = True
        self._state.speak_now = True
        self._state.decide(StoreTerm(tenure.name, tenure.term))
        self._state.decide(Ask(tenure.name, tenure.term, silent))

    def _pursue(self, now: float, tenure: ServiceTenure) -> None:
        scene = self._state.scene(now)
        beaten = succession.beaten_to_it(scene, tenure)
        patient_until = tenure.since + PATIENCE * tenure.wait
        if beaten is not None:
            self._withdraw(now, tenure, beaten)
        elif tenure.granted and succession.agreed(scene, tenure):
            self._take_over(now, tenure)
        elif now >= patient_until:
            self._withdraw(now, tenure, "did not get the agreement of every rival that speaks")
            self._able_again(now, tenure)
        else:
            self._state.wake_by(patient_until)

    def _take_over(self, now: float, tenure: ServiceTenure) -> None:
        previous = tenure.previous
        cause = succession.cause(None if previous is None else self._state.peers.get(previous))
        facts = self._facts(cause, previous)
        tenure.step(Step.AGREED, now, facts)
        tenure.previous = self._state.settings.node
        tenure.rivals_met = set()
        self._state.speak_now = True
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

    def _withdraw(self, now: float, tenure: ServiceTenure, reason: str) -> None:
        tenure.step(Step.WITHDRAW, now, reason)
        tenure.eligible_since = None
        self._state.speak_now = True

    def _examine(self, now: float, tenure: ServiceTenure) -> None:
        scene = self._state.scene(now)
        self._meet(now, tenure)
        demand = succession.demand(scene, tenure)
        if demand is not None:
            self._let_go(now, tenure, demand.reason, demand.facts, forced=True)
            return
        for peer in self._state.everyone:
            self._state.wake_by(succession.deaf_since(scene, tenure, peer))

    def _meet(self, now: float, tenure: ServiceTenure) -> None:
        """Another holder: say so once, and tell the network who stays, now and when the other is gone."""
        met = {peer.name: peer for peer in succession.met(self._state.scene(now), tenure)}
        for name, peer in met.items():
            if name not in tenure.rivals_met:
                stays = succession.outranked(tenure, self._state.settings.node, peer)
                facts = f"{name} holds it too; {name if stays else self._state.settings.node} stays"
                self._state.report("conflict", facts, service=tenure.name, term=tenure.term, peer=name)
        if tenure.holding is Holding.HELD and met.keys() != tenure.rivals_met:
            self._state.decide(Announce(tenure.name))
        tenure.rivals_met = set(met)

    def _hurry(self, now: float, tenure: ServiceTenure) -> None:
        """A release that takes its time has none where a rule demands it."""
        if tenure.forced:
            return
        demand = succession.demand(self._state.scene(now), tenure)
        if demand is not None:
            tenure.forced = True
            self._state.decide(Release(tenure.name, tenure.term, demand.reason, tenure.service.stop))

    def _pardon(self, now: float, tenure: ServiceTenure) -> None:
        if now < tenure.pardon_at:
            self._state.wake_by(tenure.pardon_at)
            return
        tenure.step(Step.PARDON, now, "the delay after its failure here has passed")
        self._able_again(now, tenure)
        self._note(tenure, "")
        self._state.speak_now = True

    def _let_go(self, now: float, tenure: ServiceTenure, reason: str, facts: str, forced: bool) -> None:
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

    def _failed(self, now: float, tenure: ServiceTenure, reason: str, clean: bool) -> None:
        tenure.fail(now, self._state.timing.settle, clean)
        self._note(tenure, reason)
        self._state.speak_now = True
        self._state.report("failed", reason, service=tenure.name, term=tenure.term, clean=clean)

    def _able_again(self, now: float, tenure: ServiceTenure) -> None:
        tenure.able_since = now
        tenure.eligible_since = None

    def _note(self, tenure: ServiceTenure, reason: str) -> None:
        notes = [note for note in self._own_notes() if note[0] != tenure.name]
        if reason:
            notes.append((tenure.name, "failed", reason[:NOTE_LENGTH]))
        self._state.table.write(notes=tuple(notes[-MOST_NOTES:]))

    def _own_notes(self) -> tuple[tuple[str, str, str], ...]:
        return self._state.table[self._state.settings.node].notes
