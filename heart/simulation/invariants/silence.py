"""Rules 1 and 2: who may be called dead, when, and by whom."""

from __future__ import annotations

from collections import defaultdict
from math import inf

from heart.beat import CLAIMS, STOPPING, Beat
from heart.core.decisions import Decision, Report
from heart.simulation.invariants.base import DRIFT, HAIR, Ground, Invariant
from heart.simulation.invariants.hearing import Ears

THERE = {"node-up": True, "node-late": True, "node-dead": False, "node-left": False}


class DeadIsSilent(Invariant):
    """Nobody is called dead of whom something came within `dead`, though it be not read yet (rule 1)."""

    rule = "1 a peer is dead"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Was it silent?"""
        if isinstance(decision, Report) and decision.kind == "node-dead":
            peer = decision.fields["peer"]
            silent = time - max(self._ears.heard_at[node, peer], self._ears.waits_since[node, peer])
            if silent < self.ground.shortest.dead / DRIFT - HAIR:
                self.broken(time, f"{node} calls {peer} dead after a silence of {silent:.3f} s")


class AliveIsProven(Invariant):
    """Nobody is held to be up who has not acknowledged the hearer's present life (the beat: replay)."""

    rule = "beat: only a proven peer counts as alive"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Has it?"""
        if isinstance(decision, Report) and decision.kind == "node-up":
            peer = decision.fields["peer"]
            if self._ears.proven.get((node, peer)) != decision.fields["peer_incarnation"]:
                self.broken(time, f"{node} holds {peer} to be up, which has not acknowledged it")


class DeathIsNoticed(Invariant):
    """A dead node is called dead, whatever is replayed in its name (rule 1)."""

    rule = "1 a dead peer is noticed"

    def __init__(self, ground: Ground, ears: Ears) -> None:
        super().__init__(ground)
        self._ears = ears
        self._dead_since: dict[str, float] = {}
        self._awake_since: dict[str, float] = {}
        self._there: dict[tuple[str, str], bool] = {}
        hops = len(ground.nodes) - 1
        # What others pass on is given more time, and so is what waits before a line that crawls.
        self._patience = 2 * hops * DRIFT * max(ground.longest.dead, 5 * ground.slowest) + 2.0

    def began(self, time: float, node: str, incarnation: int) -> None:
        """It lives."""
        self._dead_since.pop(node, None)
        self._awake_since[node] = time
        for pair in [pair for pair in self._there if pair[0] == node]:
            del self._there[pair]

    def died(self, time: float, node: str) -> None:
        """It does not."""
        self._dead_since[node] = time
        self._awake_since[node] = inf

    def stalled(self, time: float, node: str) -> None:
        """It can notice nothing."""
        self._awake_since[node] = inf

    def woke(self, time: float, node: str) -> None:
        """It can."""
        self._awake_since[node] = time

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """What does it hold its peers to be?"""
        if isinstance(decision, Report) and decision.kind in THERE:
            self._there[node, decision.fields["peer"]] = THERE[decision.kind]

    def passed(self, time: float) -> None:
        """Has everybody noticed?"""
        for (node, peer), there in self._there.items():
            if peer not in self.ground.peers(node):
                self._there[node, peer] = False
                continue
            if not there or peer not in self._dead_since or node in self._dead_since:
                continue
            silent_since = max(
                self._dead_since[peer], self._ears.heard_at[node, peer], self._awake_since[node]
            )
            if time > silent_since + self._patience + 3 * self.ground.lag(node):
                self.broken(
                    time, f"{node} holds {peer} to live, which died at {self._dead_since[peer]:.3f} s"
                )


class WhoSleptSawNothing(Invariant):
    """Who slept calls nobody dead for `dead` after that, and claims nothing that it held too long (2)."""

    rule = "2 I was asleep"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._stalled_at: dict[str, float] = {}
        self._judges_from: dict[str, float] = {}
        self._must_let_go: set[str] = set()
        self._held: defaultdict[str, int] = defaultdict(int)

    def stalled(self, time: float, node: str) -> None:
        """It sleeps."""
        self._stalled_at[node] = time

    def began(self, time: float, node: str, incarnation: int) -> None:
        """Another life has not slept."""
        self._stalled_at.pop(node, None)
        self._judges_from.pop(node, None)
        self._must_let_go.discard(node)

    def woke(self, time: float, node: str) -> None:
        """For how long did it?"""
        longest = self.ground.longest
        slept = (time - self._stalled_at.pop(node, time)) / DRIFT - longest.beat
        if slept > longest.late:
            self._judges_from[node] = time + self.ground.shortest.dead / DRIFT - HAIR
        if slept > longest.lease and self._held[node]:
            self._must_let_go.add(node)

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """It holds something."""
        self._held[node] += 1

    def let_go(self, time: float, node: str, service: str) -> None:
        """It has let go."""
        self._held[node] -= 1
        self._must_let_go.discard(node)

    def decided(self, time: float, node: str, decision: Decision) -> None:
        """Does it call anybody dead?"""
        calls_dead = isinstance(decision, Report) and decision.kind in ("node-dead", "node-left")
        if calls_dead and time < self._judges_from.get(node, -inf):
            self.broken(time, f"{node} was asleep, and holds a peer to be gone at once")

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Does it go on claiming?"""
        if node not in self._must_let_go or beat.through:
            return
        self._must_let_go.discard(node)
        if any(said.flags & CLAIMS and not said.flags & STOPPING for said in beat.word.services):
            self.broken(time, f"{node} slept longer than its lease, and claims what it held")
