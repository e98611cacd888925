"""Holds every service of this node against the rules, and takes each step of its tenure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from heart.beat import ABLE, CLAIMS, ServiceWord
from heart.config.model import Service
from heart.core.decisions import Forget
from heart.core.peers.peer import Life
from heart.core.services.failures import Failures
from heart.core.services.keeping import Keeping
from heart.core.services.taking import Taking
from heart.core.services.tenure import Holding, ServiceTenure, Step
from heart.core.state import State


class Tenures:
    """The services that this node may hold, and what it knows of the others' tenures of them.

    `seconds` gives the time of day in whole seconds, for terms that outlive lost memory.
    """

    def __init__(
        self, state: State, now: float, terms: Mapping[str, int], seconds: Callable[[], int]
    ) -> None:
        self._state = state
        self.seconds = seconds
        self._failures = Failures(state)
        self._taking = Taking(state, seconds)
        self._keeping = Keeping(state, self._failures)
        self.all: tuple[ServiceTenure, ...] = ()
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
            tenure = kept or ServiceTenure(service, waits[service.name], False, now, 0)
            tenure.adopt(service, waits[service.name], self._may_hold(service))
            services.append(tenure)
        for tenure in gone.values():
            tenure.may_hold = False
        self._set((*services, *gone.values()))

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
        for tenure in self.all:
            self._learn(now, tenure)
            self._checks[tenure.holding](now, tenure)
        self._forget_gone()
        self._state.asking = any(tenure.holding is Holding.ASKING for tenure in self.all)

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
            if said is None:
                continue
            if said.flags & CLAIMS and said.term >= tenure.known_term and not tenure.claiming():
                tenure.held_by(now, peer.name)
            tenure.known_term = max(tenure.known_term, said.term)
        tenure.target = self._state.orders.target(tenure.name, tenure.known_term)
        able = tenure.able(self._state.draining())
        if able and not tenure.was_able:
            tenure.able_again(now)
        tenure.was_able = able
