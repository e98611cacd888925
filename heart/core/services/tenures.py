"""Holds every service of this node against the rules, and takes each step of its tenure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from heart.beat import ABLE, ASKS, CLAIMS, ServiceWord
from heart.config.model import Service
from heart.core.decisions import Forget, StoreTerm, StoreVoters
from heart.core.peers.peer import Life
from heart.core.services.failures import Failures
from heart.core.services.keeping import Keeping
from heart.core.services.leases import voted
from heart.core.services.majority import Majority
from heart.core.services.taking import Taking
from heart.core.services.tenure import Holding, ServiceTenure, Step
from heart.core.services.voter import Voter
from heart.core.state import State


class Tenures:
    """The services that this node may hold, and what it knows of the others' tenures of them.

    `seconds` gives the time of day in whole seconds, for terms that outlive lost memory. `hurried` says
    that something can be held on only with fresh acks.
    """

    def __init__(
        self, state: State, now: float, terms: Mapping[str, int], seconds: Callable[[], int]
    ) -> None:
        self._state = state
        self.seconds = seconds
        self._failures = Failures(state)
        self._voter = Voter(state)
        self._majority = Majority(state)
        self._taking = Taking(state, seconds, self._majority)
        self._keeping = Keeping(state, self._failures)
        self.all: tuple[ServiceTenure, ...] = ()
        self.hurried = False
        self._kept: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._named: dict[str, ServiceTenure] = {}
        self._set(
            ServiceTenure(
                service, self._wait(service), self._may_hold(service), now, terms.get(service.name, 0)
            )
            for service in state.settings.services
        )
        self._checks = {
            Holding.STOPPED: self._taking.consider,
            Holding.ASKING: self._taking.pursue,
            Holding.STARTING: self._keeping.examine,
            Holding.HELD: self._keeping.examine,
            Holding.STOPPING: self._keeping.hurry,
            Holding.FAILED: self._failures.pardon,
        }

    def adopt(self, now: float, waits: Mapping[str, float]) -> None:
        """Take up changed services, with these waits. One that is gone is let go of, and then forgotten."""
        gone = dict(self._named)
        services = []
        for service in self._state.settings.services:
            kept = gone.pop(service.name, None)
            tenure = kept or self._make_new(now, service, waits[service.name])
            tenure.adopt(service, waits[service.name], self._may_hold(service))
            services.append(tenure)
        for tenure in gone.values():
            tenure.may_hold = False
        self._set((*services, *gone.values()))

    def _make_new(self, now: float, service: Service, wait: float) -> ServiceTenure:
        """One that was not there yet, or was forgotten together with what was promised of it."""
        tenure = ServiceTenure(service, wait, False, now, 0)
        tenure.promises_from = now + wait
        return tenure

    def named(self, service: str) -> ServiceTenure | None:
        """The service of this name; None where there is none."""
        return self._named.get(service)

    def words(self) -> tuple[ServiceWord, ...]:
        """What this node's beats say of the services."""
        return tuple(tenure.word(self._state.draining()) for tenure in self.all)

    def claiming(self) -> bool:
        """Whether this node holds any service or part of one."""
        return any(tenure.claiming() for tenure in self.all)

    def clean(self) -> bool:
        """Whether nothing of any service is left on this node, for sure."""
        return all(tenure.clean for tenure in self.all)

    def check(self, now: float) -> None:
        """Hold every service against the rules."""
        votes = self._state.settings.votes
        if votes:
            self._change_voters(now)
        for tenure in self.all:
            self._learn(now, tenure)
            if votes:
                self._voter.vote(now, tenure)
                self._majority.count(now, tenure)
            holding = tenure.holding
            self._checks[holding](now, tenure)
            if tenure.holding is not holding:
                self._state.wake_by(now)  # what holds in its new state is looked at next
        self._forget_gone()
        self.hurried = any(tenure.urgent and tenure.claiming() for tenure in self.all)
        self._state.asking = any(tenure.holding is Holding.ASKING for tenure in self.all)

    def expire(self, now: float) -> None:
        """A lease that has run out is not mended by an ack that comes now (rule 3)."""
        if not self._state.settings.votes:
            return
        self._state.renew_leases()
        for tenure in self.all:
            if tenure.claiming():
                self._majority.count(now, tenure)
                lapsed = voted(self._state.scene(now), tenure).demand(now)
                if lapsed is not None:
                    self._keeping.let_go(now, tenure, lapsed.reason, lapsed.facts, forced=True)

    def keep_voters(self) -> None:
        """Have the sets of voters kept across restarts; none where nobody votes."""
        voting = self._state.settings.votes
        self._kept = self._state.electorate.to_keep() if voting else ((), ())
        self._state.electorate.kept = ()
        self._state.decide(StoreVoters(*self._kept))

    def forget_promises(self, now: float) -> None:
        """This node has lost its memory: it votes again when whatever it may have promised has run out."""
        self._state.votes_from = max(self._state.votes_from, now + self._longest_wait())
        for tenure in self.all:
            tenure.promise = None

    def begin_to_vote(self, now: float) -> None:
        """From now on nodes vote: who holds something has a lease's time to find a majority."""
        self.keep_voters()
        for tenure in self.all:
            self._ask_anew(now, tenure)
            tenure.kept_until = now + self._state.voice.ahead + self._state.timing.lease
            tenure.promises_from = now + tenure.wait

    def cease_to_vote(self, now: float) -> None:
        """From now on nobody votes."""
        self.keep_voters()
        for tenure in self.all:
            self._ask_anew(now, tenure)
            tenure.promise = None

    def answered(self, now: float, service: str, term: int, granted: bool) -> None:
        """The arbiter has answered."""
        tenure = self._in(service, term, Holding.ASKING)
        if tenure is None:
            return
        arbiter = self._state.settings.arbiter
        if granted:
            tenure.granted = True
            self._state.report("arbiter", f"{arbiter} agrees", service=service, term=term, granted=True)
        else:
            self._state.report("arbiter", f"{arbiter} refuses", service=service, term=term, granted=False)
            self._taking.withdraw(now, tenure, f"{arbiter} refuses")
            tenure.able_again(now)

    def started(self, now: float, service: str, term: int) -> None:
        """All resources of a service run."""
        tenure = self._in(service, term, Holding.STARTING)
        if tenure is not None and tenure.step(Step.STARTED, now, tenure.reason):
            self._failures.started(now, tenure)
            self._state.speak_now = True
            self._state.report("held", "all its resources run", service=service, term=term)

    def start_failed(self, now: float, service: str, term: int, reason: str, clean: bool) -> None:
        """A resource did not start, and what had been started was stopped again."""
        tenure = self._in(service, term, Holding.STARTING)
        if tenure is not None:
            self._failures.start_failed(now, tenure, reason, clean)

    def checked(self, now: float, service: str, term: int, problem: str | None) -> None:
        """The status of a held service's resources is known."""
        tenure = self._in(service, term, Holding.HELD)
        if tenure is not None:
            self._failures.checked(now, tenure, problem)

    def hindered(self, now: float, service: str, reason: str | None) -> None:
        """A service could not be held on this node now, or could again."""
        tenure = self._named.get(service)
        if tenure is not None:
            self._failures.hindered(now, tenure, reason)

    def contested(self, service: str, reason: str) -> None:
        """Another machine claims a resource of a service that this node holds."""
        tenure = self._named.get(service)
        if tenure is not None and tenure.claiming():
            self._state.report("conflict", reason, service=service, term=tenure.term)

    def released(self, now: float, service: str, term: int, reason: str, clean: bool) -> None:
        """A release has ended."""
        tenure = self._in(service, term, Holding.STOPPING)
        if tenure is None:
            return
        tenure.forced = False
        if clean:
            self._keeping.released(now, tenure)
        else:
            tenure.step(Step.NOT_RELEASED, now, reason)
            self._failures.bar(now, tenure, reason, clean)
        self._state.speak_now = True

    def cannot_hold(self, now: float, service: str, reason: str) -> None:
        """Something of the service may be on this node that cannot be controlled."""
        tenure = self._named[service]
        tenure.step(Step.BAR, now, reason)
        self._failures.bar(now, tenure, reason, clean=False)

    def let_go_of_all(self, now: float, reason: str, facts: str, forced: bool) -> None:
        """Release whatever is held, by force within the services' `stop` or in its own time."""
        for tenure in self.all:
            if tenure.holding is Holding.ASKING:
                self._taking.withdraw(now, tenure, facts)
            self._keeping.let_go(now, tenure, reason, facts, forced)

    def delay(self, seconds: float) -> None:
        """This node was asleep: that time counts for nothing that it waits for."""
        for tenure in self.all:
            tenure.able_since += seconds
            tenure.eligible_since = None

    def _change_voters(self, now: float) -> None:
        """Go on towards a changed set of voters, if there is one."""
        electorate = self._state.electorate
        electorate.look(self._state.peers)
        if electorate.may_go_between():
            self._go_between(now)
        if electorate.may_go_over(self._state.peers):
            self._go_over(now)
        if electorate.to_keep() != self._kept:
            self.keep_voters()

    def _go_between(self, now: float) -> None:
        """Vote under neither set, as soon as no vote can bring a service to somebody by the old one."""
        decided_by = max((self._voter.decided_by(now, tenure) for tenure in self.all), default=now)
        if now < decided_by:
            self._state.wake_by(decided_by)
            return
        for tenure in self.all:
            if tenure.holding is Holding.ASKING:
                self._taking.withdraw(now, tenure, "the set of voters changes")
            self._majority.count(now, tenure)
            tenure.kept_until = tenure.leased_until + self._state.voice.ahead
        self._state.electorate.go_between()
        self._state.speak_now = True

    def _go_over(self, now: float) -> None:
        """Vote under the new set. What is held by the old one is kept until those votes have run out."""
        electorate = self._state.electorate
        electorate.go_over()
        for tenure in self.all:
            tenure.promises_from = now + self._longest_wait()
        voters = ", ".join(electorate.voters)
        self._state.report(
            "configuration", f"from now on these vote: {voters}", voters=list(electorate.voters)
        )
        self._state.speak_now = True

    def _ask_anew(self, now: float, tenure: ServiceTenure) -> None:
        """What is asked for is withdrawn: another arbiter was asked than the one that is to agree."""
        if tenure.holding is Holding.ASKING:
            self._taking.withdraw(now, tenure, "the arbiter changes")

    def _longest_wait(self) -> float:
        return max((tenure.wait for tenure in self.all), default=0.0)

    def _in(self, service: str, term: int, holding: Holding) -> ServiceTenure | None:
        """The service, where it is in this state in this term; results that come late are for nobody."""
        tenure = self._named.get(service)
        return tenure if tenure is not None and (tenure.term, tenure.holding) == (term, holding) else None

    def _set(self, tenures: Iterable[ServiceTenure]) -> None:
        self.all = tuple(tenures)
        self._named = {tenure.name: tenure for tenure in self.all}

    def _wait(self, service: Service) -> float:
        return self._state.timing.wait(service.stop)

    def _may_hold(self, service: Service) -> bool:
        return self._state.settings.node in service.nodes

    def _forget_gone(self) -> None:
        """What the configuration does not have any more is forgotten once it is let go of."""
        wanted = {service.name for service in self._state.settings.services}
        for tenure in self.all:
            if tenure.name not in wanted and not tenure.claiming():
                self._state.decide(Forget(tenure.name))
                self._set(one for one in self.all if one is not tenure)

    def _learn(self, now: float, tenure: ServiceTenure) -> None:
        """Take up what the peers say of the service, and what operators have ordered."""
        for peer in self._state.everyone:
            said = peer.said.get(tenure.name_hash)
            able = said is not None and said.flags & ABLE and peer.life is Life.UP
            if able:
                tenure.steady.setdefault(peer.name, now)
            else:
                tenure.steady.pop(peer.name, None)
                tenure.outvoted.discard(peer.name)
            if said is None:
                tenure.bidding.discard(peer.name)
                continue
            if said.flags & CLAIMS and said.term >= tenure.known_term and not tenure.claiming():
                tenure.held_by(now, peer.name)
            if said.term > tenure.known_term:
                tenure.known_term = said.term
                self._state.decide(StoreTerm(tenure.name, said.term))
            self._note_bid(tenure, peer.name, said.flags)
        tenure.target = self._state.orders.target(tenure.name, tenure.known_term)
        able = tenure.able(self._state.draining())
        if able and not tenure.was_able:
            tenure.able_again(now)
        tenure.was_able = able

    def _note_bid(self, tenure: ServiceTenure, name: str, flags: int) -> None:
        """Who asks for a service and does not get it has had its chance before others."""
        if flags & CLAIMS:
            tenure.outvoted.discard(name)
        elif name in tenure.bidding and not flags & ASKS:
            tenure.outvoted.add(name)
        (tenure.bidding.add if flags & ASKS else tenure.bidding.discard)(name)
