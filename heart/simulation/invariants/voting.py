"""Rules 3 and 5 where nodes vote: promises that are kept, and leases that are acks."""

from __future__ import annotations

from collections import defaultdict
from math import inf

from heart.beat import ASKS, CLAIMS, CLEAN, STOPPING, Beat, ServiceWord, name_hash
from heart.simulation.invariants.base import DRIFT, HAIR, Ground, Invariant
from heart.simulation.invariants.hearing import Ears

Promise = tuple[int, int]  # a term, and the hash of a node


class PromisesAreKept(Invariant):
    """A promise is given to somebody else only when its node has let go, or had the time to (rule 5)."""

    rule = "5 a promise is kept"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears
        self._names = {name_hash(name): name for name in ground.nodes}
        self._promised: defaultdict[str, dict[int, Promise]] = defaultdict(dict)
        self._spoke_at: defaultdict[str, float] = defaultdict(lambda: -inf)

    def began(self, time: float, node: str, incarnation: int) -> None:
        """It knows of no promise."""
        self._promised[node].clear()

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """What does it promise?"""
        if beat.through:
            return
        promised = self._promised[node]
        for said in beat.word.services:
            if said.promised_term is None or said.promised_to is None:
                continue
            promise = said.promised_term, said.promised_to
            before = promised.get(said.service)
            if promise != before:
                self._check(time, node, said, promise, before)
                promised[said.service] = promise
        self._spoke_at[node] = time

    def _check(
        self, time: float, node: str, said: ServiceWord, promise: Promise, before: Promise | None
    ) -> None:
        to = self._names.get(promise[1], "?")
        quiet_until = self._ears.began_at[node] + self.ground.shortest_wait / DRIFT - HAIR
        if time < quiet_until:
            self.broken(
                time, f"{node} promises term {promise[0]} to {to} before an older promise has run out"
            )
        if before is None:
            return
        if promise[0] <= before[0] and (node, to, said.service, promise[0]) not in self._ears.claims:
            self.broken(time, f"{node} promises term {promise[0]} to {to} after term {before[0]}")
        if before[1] == promise[1] or self._has_adopted(node, said.service, before[0]):
            return
        holder = self._names.get(before[1], "?")
        if holder == node:
            if said.flags & (CLAIMS | ASKS) or not said.flags & CLEAN:
                self.broken(time, f"{node} promises to {to} what it claims or asks for itself")
            return
        wanted_at = self._ears.wanted_at[node, holder, said.service]
        key = node, holder, said.service
        free_at, free_until = self._ears.free_at[key], self._ears.free_until[key]
        # It may have been free for a moment, since the voter last spoke.
        was_free = free_at >= wanted_at or max(free_at, free_until) >= self._spoke_at[node]
        if time < wanted_at + self.ground.shortest_wait / DRIFT - HAIR and not was_free:
            self.broken(time, f"{node} promises to {to} what {holder} wanted at {wanted_at:.3f} s")

    def _has_adopted(self, node: str, service: int, term: int) -> bool:
        """Whether it has heard a claim with a greater term, and so promised the service to whom made it."""
        return any(
            hearer == node and claimed == service and claimed_term > term
            for hearer, _, claimed, claimed_term in self._ears.claims
        )


class AckIsALease(Invariant):
    """Who claims a service was heard within `lease`, from sending, by as many as make a majority (rule 3)."""

    rule = "3 an ack is a lease"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears
        self._woke_at: defaultdict[str, float] = defaultdict(lambda: -inf)

    def woke(self, time: float, node: str) -> None:
        """It could not look whether its lease had run out."""
        self._woke_at[node] = time

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Who has heard it?"""
        if beat.through or not any(
            said.flags & CLAIMS and not said.flags & STOPPING for said in beat.word.services
        ):
            return
        lease = DRIFT * self.ground.longest.lease + HAIR + 3 * self.ground.lag(node)
        heard = [
            voter
            for voter in self.ground.nodes
            if voter != node and time - self._ears.sent_at[voter, node] <= lease
        ]
        if 1 + len(heard) < self.ground.needed:
            self.broken(
                time, f"{node} claims, though only {', '.join(heard) or 'nobody'} has heard it lately"
            )
