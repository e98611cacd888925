"""Which nodes vote, and how a changed set of voters comes into force (rule 5 of docs/safety.md, `quorum`).

Votes count between equal sets alone, and a set gives way to the next in three steps, so that there is no
moment in which majorities of both could agree to different holders:

1. A node that has read a changed set goes on voting under the one in force, and says that it has both.
2. When a majority of each set has the next one, it votes under neither. Not before nobody can take a service
   with a vote that it has given to a question, and not before the step is on its disk: from here on it never
   votes under the old set again. It withdraws what it asks for itself.
3. When a majority of the old set has gone over from it to the new one, it votes under the new one. For the
   longest `wait` it promises nothing to who asks, so whoever still holds something by the old set alone has
   let go.

Why that is enough. Of any majority of the old set one node has gone over, and its last votes under the old
set were for a holder. So nobody takes a service under the old set any more (2), and who holds it by the old
set alone loses it within a lease. Under the new set nobody takes it before that (3): in any majority of the
new one is a node that was in the old one, since newcomers, which know nothing of it, are fewer than half.
Who held it before goes on holding it, with votes under the new set.

So the sets that were ever in force are a chain. A node that was away is still at an earlier one: most of that
set have gone on from it, elsewhere than where its file says now, so it counts none but those who say that
they come from the same set. It follows a set under which a majority of its members votes, one of them known
from its own old set: that one has come by these steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from math import inf

from heart.beat import name_hash
from heart.core.peers.peer import Peer

NO_SET = 0  # what a beat says in place of a set, between two


def hash_of(voters: Iterable[str]) -> int:
    """The short hash by which beats speak of a set of voters, in whatever order they are given."""
    return name_hash("\n".join(sorted(voters)))


def needed_of(voters: tuple[str, ...]) -> int:
    """How many make a majority."""
    return len(voters) // 2 + 1


class Electorate:
    """The set of voters in force, and the one to come. `between` says that this node votes under neither.

    `ready` says that it may go between two sets as far as others are concerned, and `kept` is the next set
    that its disk has, so that it would not vote under the old one in another life.
    """

    def __init__(self, own: str, names: tuple[str, ...]) -> None:
        self._own = own
        self._put_in_force(names)
        self.coming: tuple[str, ...] | None = None
        self.between = self.ready = False
        self.kept: tuple[str, ...] = ()
        self._wanted = names

    def resume(self, voters: tuple[str, ...], coming: tuple[str, ...]) -> None:
        """Go on from what was in force in the life before; `coming` is empty where none was agreed to."""
        if not voters:
            return
        self._put_in_force(voters)
        self.coming, self.between = (coming, True) if coming else (None, False)
        self.want(self._wanted)

    def want(self, names: tuple[str, ...]) -> None:
        """The configuration has these nodes from now on."""
        self._wanted = names
        if not self.between:
            self.coming = None if hash_of(names) == self._hash else names
            self.ready = False

    @property
    def size(self) -> int:
        """How many vote."""
        return len(self.voters)

    @property
    def needed(self) -> int:
        """How many make a majority."""
        return needed_of(self.voters)

    def to_keep(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What must outlive this life: the set in force, and the next one where this node goes over to it."""
        return self.voters, (self.coming or ()) if self.between or self.ready else ()

    def word(self) -> tuple[int, ...]:
        """What beats say of it: the set in force, and the one to come if there is one.

        Between two: `NO_SET`, the one to come, and the one that it comes from.
        """
        if self.coming is None:
            return (self._hash,)
        coming = hash_of(self.coming)
        return (NO_SET, coming, self._hash) if self.between else (self._hash, coming)

    def votes(self) -> bool:
        """Whether this node is a voter of the set in force, and there is one."""
        return not self.between and self._own in self.voters

    def counts(self, peer: Peer) -> bool:
        """Whether this peer votes under the set that is in force here."""
        return not self.between and peer.name in self.voters and peer.word.voters[:1] == (self._hash,)

    def agreed_since(self, votes: Mapping[str, float]) -> float:
        """The greatest time that the votes of a majority have reached; -inf where there is no majority."""
        times = sorted((votes.get(name, -inf) for name in self.voters), reverse=True)
        return times[self.needed - 1]

    def look(self, peers: Mapping[str, Peer]) -> None:
        """See whether the others are where this node may go between two sets, or have gone on without it."""
        changed = self.coming is not None and hash_of(self._wanted) != self._hash
        if changed and self._is_in_force(peers, self._wanted):
            self.coming = self._wanted
        coming = self.coming
        if coming is None or self.between:
            self.ready = False
            return
        have = self._have(peers, coming)
        agreed = all(_is_majority(have, voters) for voters in (self.voters, coming))
        too_many = too_many_newcomers(self.voters, coming)
        self.ready = (agreed and not too_many) or self._is_in_force(peers, coming)

    def may_go_between(self) -> bool:
        """Whether all but this node's own promises lets it go between two sets."""
        return self.ready and self.kept == self.coming

    def go_between(self) -> None:
        """From now on it votes under neither set."""
        self.between, self.ready = True, False

    def may_go_over(self, peers: Mapping[str, Peer]) -> bool:
        """Whether a majority of the old set has gone over from it to the next one."""
        coming = self.coming
        if coming is None or not self.between:
            return False
        said = hash_of(coming)
        words = {name: peer.word.voters for name, peer in peers.items() if peer.speaks}
        gone_over = {self._own} | {
            name for name, word in words.items() if word[:1] == (said,) or word == (NO_SET, said, self._hash)
        }
        return _is_majority(gone_over, self.voters) or self._is_in_force(peers, coming)

    def go_over(self) -> None:
        """From now on it votes under the next set."""
        self._put_in_force(self.coming or self.voters)
        self.coming, self.between = None, False
        self.want(self._wanted)

    def _put_in_force(self, voters: tuple[str, ...]) -> None:
        self.voters, self._hash = voters, hash_of(voters)

    def _have(self, peers: Mapping[str, Peer], coming: tuple[str, ...]) -> set[str]:
        """Who is heard to have the next set, this node included."""
        said = hash_of(coming)
        return {self._own} | {
            name for name, peer in peers.items() if peer.speaks and said in peer.word.voters[:2]
        }

    def _is_in_force(self, peers: Mapping[str, Peer], coming: tuple[str, ...]) -> bool:
        """Whether the next set is in force already: at a majority of its own, and not at newcomers alone."""
        said = (hash_of(coming),)
        under = {name for name, peer in peers.items() if peer.speaks and peer.word.voters[:1] == said}
        return _is_majority(under, coming) and not under.isdisjoint(self.voters)


def too_many_newcomers(voters: tuple[str, ...], coming: tuple[str, ...]) -> bool:
    """Whether nodes that know nothing of a set of voters would be half of the next one, or more."""
    return 2 * len(set(coming) - set(voters)) >= len(coming)


def too_few_left(voters: tuple[str, ...], coming: tuple[str, ...]) -> bool:
    """Whether those who are left of a set of voters are no majority of it: only that agrees to the next."""
    return len(set(voters) & set(coming)) < needed_of(voters)


def _is_majority(names: Set[str], voters: tuple[str, ...]) -> bool:
    return sum(name in names for name in voters) >= needed_of(voters)
