"""Rules 5 and 6: never two holders, and which of two stays."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from heart.core.decisions import Decision, Release
from heart.simulation.invariants.base import DRIFT, HAIR, Ground, Invariant


@dataclass(frozen=True, slots=True)
class Pair:
    """Two holders of a service, and since when; the latter gets `late` more to see it, for it is slow."""

    service: str
    one: str
    other: str
    since: float
    late: float


class OneHolder(Invariant):
    """Never two holders: under votes never at all, else while some way between the two works (rule 5).

    Where the first of two could not act, it is given until it can again to begin to let go. Where two nodes
    hold because no way worked, that ends soon after ways in both directions do (rule 6).
    """

    rule = "5 one right at a time"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._holders: dict[str, list[str]] = {}
        self._stalled: set[str] = set()
        self._awake_since: dict[str, float] = {}
        self._pairs: list[Pair] = []

    def began(self, time: float, node: str, incarnation: int) -> None:
        """It can act."""
        self._stalled.discard(node)
        self._awake_since[node] = time

    def died(self, time: float, node: str) -> None:
        """It cannot be stalled either."""
        self._stalled.discard(node)

    def stalled(self, time: float, node: str) -> None:
        """It cannot act."""
        self._stalled.add(node)

    def woke(self, time: float, node: str) -> None:
        """It can again."""
        self._stalled.discard(node)
        self._awake_since[node] = time

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Is anybody else a holder, who could have let go?"""
        holders = self._holders.setdefault(service, [])
        for other in holders:
            if other != node:
                pair = Pair(service, other, node, time, 3 * self.ground.lag(other))
                self._pairs.append(pair)
                if not self._is_excused(time, pair):
                    self.broken(time, f"{node} takes {service}, which {other} holds")
        if node not in holders:
            holders.append(node)

    def let_go(self, time: float, node: str, service: str) -> None:
        """One less."""
        if node in self._holders.get(service, ()):
            self._holders[service].remove(node)
        self._pairs = [p for p in self._pairs if p.service != service or node not in (p.one, p.other)]

    def passed(self, time: float) -> None:
        """Two holders for too long?"""
        for pair in self._pairs:
            if time > self._ends_by(time, pair):
                text = f"{pair.one} and {pair.other} both hold {pair.service} since {pair.since:.3f} s"
                self.broken(time, text)

    def _is_excused(self, time: float, pair: Pair) -> bool:
        """Whether there may be a second holder: the first could not act, or nobody could tell them apart."""
        if pair.one in self._stalled or pair.late or time < self._released_by(pair.one):
            return True
        return not self.ground.needed and not self._is_joined(pair)

    def _is_joined(self, pair: Pair) -> bool:
        """Whether some direction has worked for long enough to tell that both live.

        A line on which the next beat comes after the verdict tells nothing.
        """
        return any(
            interval < self.ground.shortest.dead and sound >= self._promised_after(interval)
            for sound, interval in (
                self.ground.sound_for(pair.one, pair.other),
                self.ground.sound_for(pair.other, pair.one),
            )
        )

    def _promised_after(self, interval: float) -> float:
        """wait + lease + stop + three beats, with the times of a slow line where that is what works."""
        longest, stop = self.ground.longest, self.ground.stop
        judge = max(longest.dead, 4 * interval if interval > longest.beat else 0.0)
        lease = longest.lease if judge == longest.dead else max(longest.lease, judge / 1.03 - stop)
        wait = max(judge, self.ground.longest_wait)
        return DRIFT * (wait + lease + stop + 3 * max(interval, longest.beat)) + HAIR

    def _released_by(self, node: str) -> float:
        """When a node that could not act has let go, for sure, of what it held."""
        woken = self._awake_since.get(node, -inf)
        return woken + DRIFT * (2 * self.ground.longest.beat + self.ground.stop) + HAIR

    def _ends_by(self, time: float, pair: Pair) -> float:
        if pair.one in self._stalled or pair.other in self._stalled:
            return inf
        woken = max(self._released_by(pair.one), self._released_by(pair.other))
        if self.ground.needed:
            return max(woken, pair.since + pair.late)
        there, interval = self.ground.sound_for(pair.one, pair.other)
        back, another = self.ground.sound_for(pair.other, pair.one)
        if not there or not back:
            return inf
        met = max(pair.since, time - min(there, back))
        beats = 3 * max(interval, another, self.ground.longest.beat)
        lags = 3 * (self.ground.lag(pair.one) + self.ground.lag(pair.other))
        return max(woken, met + DRIFT * (beats + self.ground.stop) + HAIR) + pair.late + lags


class GreaterTermStays(Invariant):
    """Of two holders that meet that of the greater term stays, at equal terms the earlier node (rule 6)."""

    rule = "6 two holders met"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._terms: dict[str, dict[str, int]] = {}

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """It holds."""
        self._terms.setdefault(service, {})[node] = term

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Does the right one let go? What the other held may be gone by then, and its term is remembered."""
        if not isinstance(decision, Release) or decision.reason != "conflict":
            return
        order = self.ground.nodes.index
        own = decision.term, -order(node)
        others = self._terms.get(decision.service, {}).items()
        if not any((term, -order(other)) > own for other, term in others if other != node):
            self.broken(time, f"{node} lets go of {decision.service} for a holder of a lesser term")
