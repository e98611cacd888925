"""The tenure of a service on this node: the state machine, and the data of its states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import inf
from typing import Final

from heart.beat import ABLE, ASKS, CLAIMS, CLEAN, STARTING, STOPPING, ServiceWord, name_hash
from heart.config.model import Service
from heart.core.services.health import Health
from heart.core.services.promise import Promise


class Holding(Enum):
    """What a service is on this node."""

    STOPPED = "stopped"
    ASKING = "asking"
    STARTING = "starting"
    HELD = "held"
    STOPPING = "stopping"
    FAILED = "failed"


class Step(Enum):
    """What can happen to a service on this node."""

    MAY_TAKE = "nothing speaks against holding it here"
    WITHDRAW = "something speaks against it after all"
    AGREED = "the arbiter and every rival that speaks agree"
    STARTED = "all resources run"
    START_FAILED = "a resource did not start"
    LET_GO = "a rule or the operator demands release"
    RELEASED = "nothing of it is left here"
    NOT_RELEASED = "a resource may still run here"
    BAR = "something of it runs here that is not under control"
    RESTART = "a resource has failed, and is started again here"
    GIVE_UP = "nothing of it is left here, and it failed here too often"
    PARDON = "the delay after a failure has passed, or an operator says that it is mended"


# Every state answers every step. What is not listed leaves the state as it is.
TRANSITIONS: Final[Mapping[tuple[Holding, Step], Holding]] = {
    (Holding.STOPPED, Step.MAY_TAKE): Holding.ASKING,
    (Holding.STOPPED, Step.BAR): Holding.FAILED,
    (Holding.ASKING, Step.WITHDRAW): Holding.STOPPED,
    (Holding.ASKING, Step.AGREED): Holding.STARTING,
    (Holding.STARTING, Step.STARTED): Holding.HELD,
    (Holding.STARTING, Step.START_FAILED): Holding.FAILED,
    (Holding.STARTING, Step.LET_GO): Holding.STOPPING,
    (Holding.HELD, Step.LET_GO): Holding.STOPPING,
    (Holding.HELD, Step.RESTART): Holding.STARTING,
    (Holding.STOPPING, Step.RELEASED): Holding.STOPPED,
    (Holding.STOPPING, Step.GIVE_UP): Holding.FAILED,
    (Holding.STOPPING, Step.NOT_RELEASED): Holding.FAILED,
    (Holding.FAILED, Step.PARDON): Holding.STOPPED,
}

CLAIMING: Final = frozenset({Holding.STARTING, Holding.HELD, Holding.STOPPING})


def rank(nodes: tuple[str, ...], node: str) -> int:
    """How far behind a node stands among those that may hold a service; one that may not is the last."""
    return nodes.index(node) if node in nodes else len(nodes)


class ServiceTenure:
    """One service, as this node holds it or does not. Times are awake seconds.

    `term` is the term of the present or last tenure here, `known_term` the greatest of the cluster, and
    `cause` why this node took it. `previous` is the last holder as far as is known, `previous_since` since
    when, `moved_at` when it last changed from one to another, `steady` since when each peer has been up
    and able. `target` is where an operator wants it. `renewed` says that its resources are to be others,
    where it runs. `urgent` says that it can be held on here only with fresh acks.

    Where nodes vote: `promise` is this node's own, and nothing is promised to who asks before
    `promises_from`. `votes` are the promises to it in its term, each with the sending of the beat from which
    it counts, and `leased_until` is how long they let it hold. Until `kept_until` they do that by an earlier
    set of voters; it and the votes are in boot seconds, for time in which the machine sleeps counts. Until
    `rests_until` the service is not asked for again. `bidding` are the peers that ask for the service,
    `outvoted` those that did so and did not get it.
    """

    def __init__(self, service: Service, wait: float, may_hold: bool, now: float, known_term: int) -> None:
        self.service = service
        self.name = service.name
        self.name_hash = name_hash(service.name)
        self.wait = wait
        self.may_hold = may_hold
        self.holding = Holding.STOPPED
        self._claiming = False
        self.since = now
        self.reason = "not started yet"
        self.term = 0
        self.known_term = known_term
        self.cause = "start"
        self.previous: str | None = None
        self.previous_since = now
        self.moved_at = -inf
        self.target: str | None = None
        self.steady: dict[str, float] = {}
        self.was_able = may_hold
        self.renewed = False
        self.able_since = now
        self.eligible_since: float | None = None
        self.granted = False
        self.asked = 0
        self.clean = True
        self.forced = False
        self.health = Health()
        self.rivals_met: set[str] = set()
        self.promise: Promise | None = None
        self.promises_from = -inf
        self.votes: dict[str, float] = {}
        self.leased_until = self.kept_until = -inf
        self.rests_until = -inf
        self.urgent = False
        self.bidding: set[str] = set()
        self.outvoted: set[str] = set()

    def adopt(self, service: Service, wait: float, may_hold: bool) -> None:
        """The configuration says this of the service from now on."""
        self.renewed |= service.resources != self.service.resources
        self.service, self.wait, self.may_hold = service, wait, may_hold

    def step(self, step: Step, now: float, reason: str) -> bool:
        """Apply a step; True where the state has changed by it."""
        holding = TRANSITIONS.get((self.holding, step), self.holding)
        if holding is self.holding:
            return False
        self.holding = holding
        self._claiming = holding in CLAIMING
        self.since = now
        self.reason = reason
        return True

    def able(self, draining: bool) -> bool:
        """Whether this node may hold the service, if it is its turn."""
        barred = draining or self.holding is Holding.FAILED or self.health.hindrance is not None
        return self.may_hold and not barred

    def claiming(self) -> bool:
        """Whether this node holds the service or any part of it."""
        return self._claiming

    def able_again(self, now: float) -> None:
        """From now on it may be held here, after a `wait`."""
        self.able_since = now
        self.eligible_since = None

    def held_by(self, now: float, node: str) -> None:
        """This node is the holder, as far as is known."""
        if self.previous not in (None, node):
            self.moved_at = now
        if self.previous != node:
            self.previous_since = now
        self.previous = node

    def word(self, draining: bool) -> ServiceWord:
        """What this node's beats say of the service."""
        flags = CLEAN if self.clean and not self.claiming() else 0
        if self.able(draining):
            flags |= ABLE
        if self.claiming():
            flags |= CLAIMS
        if self.holding is Holding.ASKING:
            flags |= ASKS
        if self.holding is Holding.STARTING:
            flags |= STARTING
        if self.holding is Holding.STOPPING:
            flags |= STOPPING
        own = self.claiming() or self.holding is Holding.ASKING
        term = self.term if own else self.known_term
        if self.promise is None:
            return ServiceWord(self.name_hash, term, flags)
        return ServiceWord(self.name_hash, term, flags, self.promise.term, name_hash(self.promise.node))
