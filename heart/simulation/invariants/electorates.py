"""Rule 5 where the set of voters changes: one set follows another step by step (docs/quorum.md)."""

from __future__ import annotations

from collections import defaultdict
from math import inf

from heart.beat import Beat, name_hash
from heart.core.services.electorate import NO_SET, hash_of, needed_of
from heart.simulation.invariants.base import DRIFT, Ground, Invariant

Voters = int  # the short hash by which beats speak of a set of voters
Step = tuple[Voters, Voters]  # the set that a node comes from, and to which it goes: NO_SET where it votes


class Sets:
    """Which nodes the sets have that are or were in a file."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._members: dict[Voters, tuple[str, ...]] = {}

    def read(self, node: str) -> None:
        """There may be another in the file of this node."""
        names = (node, *self._ground.peers(node))
        self._members[hash_of(names)] = names

    def has_majority(self, names: set[str], voters: Voters) -> bool:
        """Whether these are a majority of that set."""
        members = self._members[voters]
        return len(names.intersection(members)) >= needed_of(members)


class VotersFollow(Invariant):
    """A node leaves a set when a majority of it and of the next has that one, and does not go back (5).

    It votes under the next one when a majority of the old one has left that, or votes under the next.
    What others said counts for as long as it may be the newest that a node has heard of one that speaks.
    """

    rule = "5 one set of voters follows another"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._sets = Sets(ground)
        self._counts_for = DRIFT * ground.longest.dead + 1.0
        self._stands: dict[str, Step] = {}
        self._came: dict[str, Step] = {}
        self._died_at: dict[str, float] = {}
        self._have: defaultdict[Voters, dict[str, float]] = defaultdict(dict)
        self._left: defaultdict[Step, dict[str, float]] = defaultdict(dict)
        self._under: defaultdict[Voters, dict[str, float]] = defaultdict(dict)

    def died(self, time: float, node: str) -> None:
        """What it hears no more it may have taken down."""
        self._died_at[node] = time

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """Where does it stand?"""
        word = beat.word.voters
        if beat.through or not word:
            return
        self._sets.read(node)
        since = min(time, self._died_at.pop(node, inf)) - self._counts_for
        for voters in word[:2]:
            self._have[voters][node] = time
        stands = (word[2], word[1]) if word[0] == NO_SET else (word[0], NO_SET)
        before = self._stands.setdefault(node, stands)
        if stands != before:
            self._look(time, node, before, stands, since)
        self._stands[node] = stands
        if word[0] == NO_SET:
            self._left[stands][node] = time
        else:
            self._under[word[0]][node] = time

    def _look(self, time: float, node: str, before: Step, stands: Step, since: float) -> None:
        old, coming = stands
        if coming == NO_SET:
            self._came[node] = before
            self._look_over(time, node, before, old, since)
        elif (old, NO_SET) != before:
            if before[1] != NO_SET or self._came.get(node) != stands:  # its disk may not have the last step
                self.broken(time, f"{node} leaves a set of voters under which it did not vote")
        elif not self._is_in_force(coming, since):
            have = {node} | _since(self._have[coming], since)
            if not all(self._sets.has_majority(have, voters) for voters in stands):
                self.broken(time, f"{node} votes no more, and only {_list(have)} have the next set of voters")

    def _look_over(self, time: float, node: str, before: Step, now: Voters, since: float) -> None:
        if self._is_in_force(now, since):
            return
        old, coming = before
        if coming not in (NO_SET, now):
            self.broken(time, f"{node} votes under a set that is not the one to which it went over")
        gone = {node} | _since(self._left[old, now], since) | _since(self._under[now], since)
        if not self._sets.has_majority(gone, old):
            self.broken(time, f"{node} votes under another set, and only {_list(gone)} have left the old one")

    def _is_in_force(self, voters: Voters, since: float) -> bool:
        return self._sets.has_majority(_since(self._under[voters], since), voters)


class OneSetAgrees(Invariant):
    """Who takes a service has the promises of a majority of one set, and votes under that itself (5)."""

    rule = "5 one set of voters agrees"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._sets = Sets(ground)
        self._votes_by: dict[str, Voters] = {}
        self._promises: defaultdict[tuple[int, int, int, Voters], set[str]] = defaultdict(set)

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """What does it promise, and under which set?"""
        if beat.through or not beat.word.voters:
            return
        self._sets.read(node)
        voters = self._votes_by[node] = beat.word.voters[0]
        for said in beat.word.services:
            if said.promised_term is not None and said.promised_to is not None:
                self._promises[said.service, said.promised_term, said.promised_to, voters].add(node)

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """Has a majority promised it?"""
        voters = self._votes_by.get(node)
        if voters is None:
            return  # it has said nothing of voters: nobody votes yet
        if voters == NO_SET:
            self.broken(time, f"{node} takes {service} between two sets of voters")
        agreed = {node} | self._promises[name_hash(service), term, name_hash(node), voters]
        if not self._sets.has_majority(agreed, voters):
            self.broken(time, f"{node} takes {service}, promised to it by {_list(agreed)} alone")


def _since(said_at: dict[str, float], since: float) -> set[str]:
    return {name for name, time in said_at.items() if time >= since}


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
