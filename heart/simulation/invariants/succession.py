"""Rules 4, 5 and 10: after whom a node may take a service, when, and in which term."""

from __future__ import annotations

from heart.beat import CLAIMS, CLEAN, GOODBYE, name_hash
from heart.simulation.invariants.base import DRIFT, HAIR, Ground, Invariant
from heart.simulation.invariants.hearing import Ears


class ReleaseBeforeTakeover(Invariant):
    """A node takes a service `wait` after it last heard it claimed, or when told that it is free (4)."""

    rule = "4 release before takeover"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears
        self._last: dict[tuple[str, str], int] = {}

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Has everybody else had the time to let go? A start that is tried again is no takeover."""
        last, self._last[node, service] = self._last.get((node, service)), term
        if last == term:
            return
        for other in self.ground.peers(node):  # of others the voters know, if there are voters
            claimed_at = self._ears.claimed_at[node, other, name_hash(service)]
            if time >= claimed_at + self.ground.shortest_wait / DRIFT - HAIR:
                continue
            beat = self._ears.newest.get((node, other))
            if beat is None or beat.flags & GOODBYE:
                continue
            flags = self._ears.flags(node, other, service)
            if flags & CLAIMS or not flags & CLEAN:
                self.broken(time, f"{node} takes {service}, claimed by {other} at {claimed_at:.3f} s")


class TermsGrow(Invariant):
    """Each tenure has a greater term than those before, on its node; in the cluster where nodes vote (5)."""

    rule = "5 terms grow"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._last: dict[tuple[str, str], tuple[int, str]] = {}

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Is it greater than the last?"""
        key = service, "" if self.ground.needed else node
        last = self._last.get(key, (0, ""))
        if (term, node) != last and term <= last[0]:  # the same: a start that failed, tried again
            self.broken(time, f"{node} takes {service} in term {term} after term {last[0]} of {last[1]}")
        self._last[key] = term, node


class NothingAtOnce(Invariant):
    """A node takes nothing before it has heard everybody, or `start` has passed (rule 10).

    Everybody is who was in its file when it started: it may be asking already when somebody is put in.
    """

    rule = "10 start and return"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears
        self._first: dict[str, tuple[str, ...]] = {}

    def began(self, time: float, node: str, incarnation: int) -> None:
        """Who is in its file?"""
        self._first[node] = self.ground.peers(node)

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Is it time?"""
        begins = self._ears.began_at[node] + self.ground.shortest.start / DRIFT - HAIR
        expected = [peer for peer in self._first[node] if peer in self.ground.peers(node)]
        missing = [peer for peer in expected if (node, peer) not in self._ears.newest]
        if time < begins and missing:
            self.broken(time, f"{node} takes {service} before it has heard {', '.join(missing)}")
