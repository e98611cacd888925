"""How many beats one core receives, verifies and takes in, beside bare datagrams on Twisted in the same run.

    python bench/beats_per_second.py [--rounds N]

One process, pinned to one core, does everything. Batches of datagrams are sent through the loopback by a
plain socket, and then the reactor is turned until all of them are taken in; the whole time counts. The
sending is part of it because over the loopback it is there that the kernel does for each datagram what it
does on the receiving core of a real machine (routing, UDP, the way into the socket's buffer). That brings
with it a little that the receiver of a real machine has not to do, so the time of the receiving alone
is printed too; it has no bound.

Bare: a `DatagramProtocol` that counts, on Heart's reactor. Heart: the link, codec, driver and core of the
daemon, and a peer that is alive and holds a service. Each beat is signed (BLAKE2b), new, and acknowledges
one that was sent just before, as in a cluster of two nodes at rest; both get the same bytes. Beats are made
while no time is taken. A beat that is not accepted fails the benchmark.

Bare and Heart take turns, batch by batch, so that what else the machine does befalls both; each round gives
a ratio, and the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.contestants import LOCAL, Bare, Beta, Contestant, LinkAlone, WholeNode, turn_until
from bench.figures import Bounded, Unmeasured, run, spread
from heart.beat import Beat
from heart.core import inputs
from heart.keys import Keys
from heart.node.reactor import MonotonicReactor

BATCH = 128  # datagrams, which the smallest default of a socket's buffer holds
BATCHES = 16  # a round
ROUNDS = 41
WARMING = 2  # rounds before those that count
BOUND = 0.5
MICROSECOND = 1e-6


@dataclass
class Taken:
    """Seconds that the sending and the receiving of one round took."""

    sending: float = 0.0
    receiving: float = 0.0

    @property
    def whole(self) -> float:
        """Both."""
        return self.sending + self.receiving


@dataclass
class Round:
    """Seconds that each part of one round took."""

    bare: Taken
    link: Taken
    heart: Taken
    codec: float = 0.0
    core: float = 0.0


class Arena:
    """The contestants, and what is sent to them."""

    def __init__(self, folder: Path) -> None:
        keys = Keys({1: bytes(range(32))}, 1)
        self._reactor = MonotonicReactor()
        self._bare, self._link = Bare(self._reactor), LinkAlone(self._reactor)
        self.node = WholeNode(self._reactor, folder, keys)
        self._beta = Beta(self.node, keys)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @property
    def sent(self) -> int:
        """How many beats were made for the node."""
        return self._beta.sequence

    def batch(self) -> list[bytes]:
        """The beats that come next."""
        return [self._beta.next_frame() for _ in range(BATCH)]

    def round(self) -> Round:
        """One round of everybody."""
        seen = Round(Taken(), Taken(), Taken())
        for _ in range(BATCHES):
            frames = self.batch()
            self._race(self._bare, frames, seen.bare)
            self._race(self._link, frames, seen.link)
            self._race(self.node, frames, seen.heart)
            self._take_apart(seen)
        return seen

    def end(self) -> None:
        """See that nothing was missed, and end."""
        self.node.check(self.sent)
        self.node.end()
        self._socket.close()

    def _race(self, contestant: Contestant, frames: list[bytes], seen: Taken) -> None:
        """Send a batch to one, and have it taken in."""
        goal = contestant.taken() + len(frames)
        self._socket.connect((LOCAL, contestant.port))
        send = self._socket.send
        began = perf_counter()
        for frame in frames:
            send(frame)
        sent = perf_counter()
        turn_until(self._reactor, lambda: contestant.taken() >= goal, "datagrams were lost")
        seen.sending += sent - began
        seen.receiving += perf_counter() - sent

    def _take_apart(self, seen: Round) -> None:
        """What codec and core take of it, each by itself, with beats of their own."""
        frames = self.batch()
        decode, give = self.node.codec.decode, self.node.driver.give
        began = perf_counter()
        beats = [decode(frame) for frame in frames]
        decoded = perf_counter()
        for beat in beats:
            if isinstance(beat, Beat):
                give(inputs.Heard("lan", beat))
        seen.core += perf_counter() - decoded
        seen.codec += decoded - began


def measure(rounds: int) -> Iterator[Bounded]:
    """Run all rounds, print the figures, and give the ratio that has a bound."""
    core = pin()
    with TemporaryDirectory(prefix="heart-bench-") as folder:
        arena = Arena(Path(folder))
        for _ in range(WARMING):
            arena.round()
        seen = [arena.round() for _ in range(rounds)]
        arena.end()
        size = len(arena.batch()[0])
    print(f"{arena.sent - BATCH} beats of {size} bytes, all accepted, in {rounds} rounds on core {core}")
    show(seen)
    ratio = spread([one.bare.whole / one.heart.whole for one in seen]).median
    yield Bounded("beats per second of Heart / datagrams per second of bare Twisted", ratio, BOUND, more=True)


def show(seen: list[Round]) -> None:
    """Print who takes in how many a second, and where the time of a beat goes."""
    number = BATCH * BATCHES
    print(f"{'(least / median / greatest of the rounds)':48}{'bare Twisted':>28}{'Heart':>28}{'ratio':>22}")
    for what, part in (("a second, sent and received", "whole"), ("a second, receiving alone", "receiving")):
        bare = [number / getattr(one.bare, part) for one in seen]
        heart = [number / getattr(one.heart, part) for one in seen]
        ratio = spread([mine / other for mine, other in zip(heart, bare, strict=True)])
        print(
            f"{what:48}{spread(bare).show(digits=0):>28}{spread(heart).show(digits=0):>28}{ratio.show(digits=2):>22}"
        )
    print("where the time of a beat goes (microseconds, median):")
    per_beat = 1 / number / MICROSECOND
    parts = {
        "sent by a socket": [one.heart.sending for one in seen],
        "received: all of Heart": [one.heart.receiving for one in seen],
        "  link (reactor, system call)": [one.link.receiving for one in seen],
        "  codec (signature, decoding)": [one.codec for one in seen],
        "  core (with its driver)": [one.core for one in seen],
        "received: all of bare Twisted": [one.bare.receiving for one in seen],
    }
    for what, seconds in parts.items():
        print(f"  {what:38}{spread(seconds).median * per_beat:8.2f}")


def pin() -> int:
    """Stay on one core from now on, threads too; its number."""
    if not hasattr(os, "sched_setaffinity"):
        raise Unmeasured("needs Linux, to stay on one core")
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many rounds (default %(default)s)")
    arguments = parser.parse_args()
    return run(lambda: measure(max(1, arguments.rounds)))


if __name__ == "__main__":
    sys.exit(main())
