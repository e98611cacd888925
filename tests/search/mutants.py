"""Deliberate faults in the core, each of which the search must find: `python -m tests.search.mutants NAME N`.

A fault is a change of the source, made while it is imported, in a process of its own. Where the text that it
changes is not there any more, it is out of date, and says so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import count, islice
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True)
class Mutant:
    """A fault: in this module `text` becomes `fault`. `first` is a seed near which it is found.

    Where it is `about_members`, seeds count in whose plans the members change.
    """

    name: str
    module: str
    text: str
    fault: str
    first: int = 0
    about_members: bool = False


PAST = sorted(Path(__file__).with_name("past").glob("*.json"))
SERVICES = "heart.core.services."
PEERS = "heart.core.peers."

MUTANTS = (
    Mutant(
        "a lease counted from arrival instead of sending",
        "heart.core.state",
        "                peer.lease_from = sent_at\n",
        "                peer.lease_from = peer.heard_at\n",
    ),
    Mutant(
        "no sleep check",
        "heart.core.wakefulness",
        "        if asleep <= self._tolerance:\n",
        "        if True:\n",
    ),
    Mutant(
        "a voter that grants right after a restart",
        SERVICES + "voter",
        "        if now < state.votes_from:\n",
        "        if False:\n",
    ),
    Mutant(
        "a voter that does not wait for the holder before it promises to somebody else",
        SERVICES + "voter",
        "        return max(promise.heard_at, self._state.slept_at) + tenure.wait\n",
        "        return now\n",
    ),
    Mutant(
        "a voter that waits from its promise instead of from the last claim",
        SERVICES + "voter",
        "            promise.heard_at = max(promise.heard_at, peer.heard_at)\n",
        "            pass\n",
    ),
    Mutant(
        "a greater claim is not adopted",
        SERVICES + "voter",
        "        self._adopt(now, tenure)\n",
        "",
    ),
    Mutant(
        "half of the voters are a majority",
        SERVICES + "electorate",
        "    return len(voters) // 2 + 1\n",
        "    return (len(voters) + 1) // 2\n",
    ),
    Mutant(
        "a changed set of voters is in force at once",
        SERVICES + "electorate",
        "        if not self.between:\n            self.coming",
        "        self._put_in_force(names)\n        if not self.between:\n            self.coming",
        about_members=True,
    ),
    Mutant(
        "a node that restarts forgets the set of voters",
        SERVICES + "electorate",
        "        if not voters:\n            return\n",
        "        return\n",
        about_members=True,
    ),
    Mutant(
        "a node between two sets of voters counts for the old one",
        SERVICES + "electorate",
        "return not self.between and peer.name in self.voters and peer.word.voters[:1] == (self._hash,)",
        "return peer.name in self.voters and self._hash in peer.word.voters",
        first=600,
        about_members=True,
    ),
    Mutant(
        "a node goes over to the next set of voters before a majority of the old one has",
        SERVICES + "electorate",
        "        return _is_majority(gone_over, self.voters) or self._is_in_force(peers, coming)\n",
        "        return True\n",
        about_members=True,
    ),
    Mutant(
        "a node goes between two sets of voters before a majority has both",
        SERVICES + "electorate",
        "        self.ready = (agreed and not too_many) or self._is_in_force(peers, coming)\n",
        "        self.ready = True\n",
        about_members=True,
    ),
    Mutant(
        "a holder that does not look at its lease",
        SERVICES + "leases",
        "        if now < self.until:\n            return None\n",
        "        return None\n",
    ),
    Mutant(
        "a lease twice as long",
        SERVICES + "majority",
        "agreed_since + self._state.timing.lease",
        "agreed_since + 2 * self._state.timing.lease",
    ),
    Mutant(
        "time in which the machine is suspended does not count for a lease",
        "heart.core.cluster",
        "        state.voice.ahead = boot - awake\n",
        "        state.voice.ahead = 0.0\n",
    ),
    Mutant(
        "no waiting for the last claim before a takeover",
        SERVICES + "succession",
        "        free_at = max(claimed_at, scene.woke_at) + tenure.wait\n",
        "        free_at = claimed_at\n",
    ),
    Mutant(
        "a deaf peer counts as dead",
        SERVICES + "leases",
        "    if not speaks or not peer.flags(tenure.name_hash) & ABLE:\n",
        "    if True:\n",
    ),
    Mutant(
        "the older term stays",
        SERVICES + "succession",
        "        return said.term > tenure.term\n",
        "        return said.term < tenure.term\n",
    ),
    Mutant(
        "two holders that meet both stay",
        SERVICES + "succession",
        "        if outranked(tenure, scene.settings.node, peer):\n            term",
        "        if False:\n            term",
        first=300,
    ),
    Mutant(
        "a replay window that is off by one",
        PEERS + "ear",
        "peer.sequence < sequence < GOODBYE_SEQUENCE:\n            return self._accept",
        "peer.sequence <= sequence < GOODBYE_SEQUENCE:\n            return self._accept",
    ),
    Mutant(
        "an older incarnation counts",
        PEERS + "ear",
        "        if beat.incarnation > peer.incarnation and sequence < GOODBYE_SEQUENCE:\n",
        "        if beat.incarnation != peer.incarnation and sequence < GOODBYE_SEQUENCE:\n",
    ),
    Mutant(
        "probes are not answered",
        PEERS + "ear",
        "            self._state.answer = True\n",
        "",
    ),
    Mutant(
        "no probes",
        "heart.core.talk.voice",
        "PROBE_RATE = 10 ",
        "PROBE_RATE = 1 ",
    ),
    Mutant(
        "dead after half of `dead`",
        PEERS + "watch",
        "        if now < dead_at:\n",
        "        if now < dead_at - 0.5 * self._state.timing.dead:\n",
    ),
    Mutant(
        "no second look before a verdict",
        PEERS + "watch",
        "        if not peer.looked:\n            return True\n",
        "",
        first=500,
    ),
    Mutant(
        "a node that has just started takes what it likes",
        SERVICES + "succession",
        "    if scene.now < scene.started_at:\n",
        "    if False:\n",
    ),
    Mutant(
        "an unproven peer counts as alive",
        PEERS + "ear",
        "        if not peer.proven:\n            return\n        silence",
        "        silence",
    ),
    Mutant(
        "a lost memory is not noticed",
        PEERS + "ear",
        "            self._state.outlived = max(self._state.outlived, ack.incarnation)\n",
        "",
    ),
    Mutant(
        "silence is taken for deafness",
        SERVICES + "leases",
        "    if not knows_its_times or peer.heard_at >= heard_us + timing.late:\n",
        "    if True:\n",
    ),
    Mutant(
        "a node that slept speaks before it reads",
        "heart.core.cluster",
        "        if self.watch.dazed:\n",
        "        if False:\n",
    ),
    Mutant(
        "a term that does not grow",
        SERVICES + "taking",
        "max(tenure.known_term + 1, self._seconds())",
        "max(tenure.known_term, 1)",
    ),
)


class _Loader(SourceFileLoader):
    """Loads a module with a fault in it."""

    mutant: Mutant

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        """Its source, changed; nothing of it is kept on disk."""
        source = self.get_data(self.get_filename(fullname)).decode()
        if source.count(self.mutant.text) < 1:
            raise SystemExit(f"out of date: {self.mutant.module} does not say: {self.mutant.text!r}")
        changed = source.replace(self.mutant.text, self.mutant.fault)
        return compile(changed, self.get_filename(fullname), "exec")


class Fault(MetaPathFinder):
    """Brings a fault in when its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec, with a loader that changes it."""
        if fullname != self._mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            loader = _Loader(fullname, spec.origin)
            loader.mutant = self._mutant
            spec.loader = loader
        return spec


def main(name: str, seeds: int) -> int:
    """Search with this fault, first what was found once, then seeds; 0 where it is found."""
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    sys.meta_path.insert(0, Fault(mutant))
    from heart.simulation.members import is_about_members
    from heart.simulation.plan import read
    from heart.simulation.search import examine
    from heart.simulation.trial import Trial

    def is_apt(seed: int) -> bool:
        return is_about_members(seed) or not mutant.about_members

    for file in PAST:
        broken = Trial(read(file.read_bytes())).run().broken
        if broken is not None:
            print(f"{file.name} breaks {broken}")
            return 0
    for seed in islice(filter(is_apt, count(mutant.first)), seeds):
        result = examine(seed)
        if result.rule is not None:
            print(f"seed {seed} breaks {result.text}")
            return 0
    print(f"survives {seeds} seeds")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
