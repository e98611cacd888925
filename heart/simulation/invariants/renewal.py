"""Rule 3: who may keep a service keeps it."""

from __future__ import annotations

from math import inf

from heart.beat import Beat
from heart.core.decisions import Decision, Release
from heart.simulation.invariants.base import DRIFT, Ground, Invariant

ON_THE_WAY = 1.0  # seconds after a death in which beats of the dead may still come


class KeepsItsLease(Invariant):
    """Who is heard by a majority, and hears it, does not let go for want of acks (rule 3).

    Where a line is slower than the beat it may: a peer that was heard there alone, and sleeps, looks deaf.
    So it may while files with different times or nodes are in use, and beside one that slept for longer than
    `dead`: what came last may not have found room in its buffers, and so its acks are old. And it may while
    somebody speaks in the name of one that is dead, with beats that this life of the holder has not heard:
    they look like those of one that is deaf (rule 7).
    """

    rule = "3 a lease is renewed"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._able_since: dict[str, float] = {}
        self._stalled_at: dict[str, float] = {}
        self._overslept_at: dict[str, float] = {}
        self._died_at: dict[str, float] = {}
        self._newest: dict[tuple[str, str], tuple[int, int]] = {}
        self._haunted_at: dict[str, float] = {}

    def began(self, time: float, node: str, incarnation: int) -> None:
        """It can act."""
        self._able_since[node] = time
        self._died_at.pop(node, None)
        for other in self.ground.nodes:
            self._newest.pop((node, other), None)

    def woke(self, time: float, node: str) -> None:
        """It can act again."""
        self._able_since[node] = time
        if time - self._stalled_at.get(node, time) > self.ground.longest.dead:
            self._overslept_at[node] = time

    def died(self, time: float, node: str) -> None:
        """It cannot."""
        self._able_since.pop(node, None)
        self._died_at[node] = time

    def reached(self, time: float, node: str, link: str, beat: Beat) -> None:
        """Is it one that is dead who speaks?"""
        number = beat.incarnation, beat.sequence
        if number <= self._newest.get((node, beat.sender), (0, 0)):
            return
        self._newest[node, beat.sender] = number
        if time > self._died_at.get(beat.sender, time) + ON_THE_WAY:
            self._haunted_at[node] = time

    def stalled(self, time: float, node: str) -> None:
        """It cannot."""
        self._able_since.pop(node, None)
        self._stalled_at[node] = time

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Is there a reason?"""
        ground = self.ground
        unclear = ground.slowest > ground.longest.beat or ground.shortest != ground.longest
        unclear = unclear or ground.members_change
        if unclear or not isinstance(decision, Release) or decision.reason != "lease":
            return
        enough = DRIFT * (self.ground.longest_wait + 2 * self.ground.longest.dead) + 1.0
        able = [name for name, since in self._able_since.items() if time - since > enough]
        if node not in able or any(self.ground.lag(name) for name in self.ground.nodes):
            return
        if any(time - woken < enough for woken in self._overslept_at.values()):
            return
        if time - self._haunted_at.get(node, -inf) < ground.longest.lease + ground.longest.late:
            return
        others = [name for name in ground.nodes if name != node]
        if not all(self._is_joined(node, name, enough) for name in others):
            return  # acks of one that has just died may have been lost before
        living = [name for name in others if name in self._able_since]
        heard = 1 + sum(name in able for name in living)
        if heard >= self.ground.needed:
            self.broken(time, f"{node} lets go of {decision.service}, though {heard} nodes hear each other")

    def _is_joined(self, one: str, other: str, enough: float) -> bool:
        return all(
            sound > enough and interval <= self.ground.shortest.beat
            for sound, interval in (self.ground.sound_for(one, other), self.ground.sound_for(other, one))
        )
