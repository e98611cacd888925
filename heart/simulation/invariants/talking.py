"""Rule 9 and the beat's own: beats go out in time, and their numbers grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from heart.beat import GOODBYE, LEAVING, Beat
from heart.core.decisions import Decision, Report
from heart.simulation.invariants.base import DRIFT, HAIR, Ground, Invariant

MISSED = {"node-late": True, "node-up": False, "node-dead": False, "node-left": False}


class NumbersGrow(Invariant):
    """In a life incarnations and the sequence numbers in them grow (the beat; replay rests on it)."""

    rule = "beat: numbers grow"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._last: dict[str, tuple[int, int]] = {}

    def began(self, time: float, node: str, incarnation: int) -> None:
        """A life that has lost its memory, and has a clock that is wrong, may begin with a lesser number."""
        self._last.pop(node, None)

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Is it greater than the last?"""
        if beat.through or beat.flags & GOODBYE:
            return
        number, last = (beat.incarnation, beat.sequence), self._last.get(node, (0, 0))
        if number <= last:
            self.broken(time, f"{node} sends beat {number} after {last}")
        self._last[node] = number


class BeatsGoOn(Invariant):
    """A daemon that can act and has an open link beats, whatever else is slow (rule 9).

    While it misses a peer it does that ten times as often: those are its probes (rule 1). One whose file
    does not have it may be back without a word to it.
    """

    rule = "9 nothing stands in the way of a beat"

    def __init__(self, ground: Ground, has_fast_link: Callable[[str], bool]) -> None:
        super().__init__(ground)
        self._has_fast_link = has_fast_link
        self._last: dict[str, float] = {}
        self._missed: defaultdict[str, set[str]] = defaultdict(set)

    def began(self, time: float, node: str, incarnation: int) -> None:
        """From now on it beats."""
        self._last[node] = time
        self._missed[node].clear()

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Whom does it miss?"""
        if isinstance(decision, Report) and decision.kind in MISSED:
            missed = self._missed[node]
            (missed.add if MISSED[decision.kind] else missed.discard)(decision.fields["peer"])
            self._last[node] = max(time, self._last.get(node, time))

    def woke(self, time: float, node: str) -> None:
        """From now on it beats again."""
        self._last[node] = time

    def died(self, time: float, node: str) -> None:
        """It beats no more."""
        self._last.pop(node, None)

    stalled = died

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """It beats."""
        if beat.through:
            return
        if beat.flags & (GOODBYE | LEAVING):
            self._last.pop(node, None)
        elif node in self._last:
            self._last[node] = time

    def passed(self, time: float) -> None:
        """Who has not?"""
        beat = DRIFT * 1.05 * self.ground.longest.beat
        for node, last in self._last.items():
            known = (peer for peer in self.ground.peers(node) if node in self.ground.peers(peer))
            self._missed[node].intersection_update(known)
            longest = (beat / 10 if self._missed[node] else beat) + HAIR
            if not self._has_fast_link(node):
                self._last[node] = time
            elif time > last + longest + 3 * self.ground.lag(node):
                self.broken(time, f"{node} has not sent a beat for {time - last:.3f} s")
