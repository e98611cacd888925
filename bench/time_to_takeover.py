"""From the death of a holder to its address answering from the other node, beside keepalived in the same run.

    python bench/time_to_takeover.py [--runs N]

Needs root, to make network namespaces: a switch, two nodes and a client. Each run starts two daemons afresh,
waits until one node holds the address and the other knows it, and at a random moment kills all daemons of
the holder (SIGKILL) and pulls its cable. A client asks at the address a thousand times a second; the time
counts until the first answer that names the other node. The client goes on believing in the dead node's
hardware address until it is told otherwise, so the gratuitous ARP is part of it.

Heart and keepalived take turns, at the same intervals between beats (adverts), with one link (the LAN), and
at the priority of any process. Heart's timing is printed: how long it waits is the administrator's choice,
within the rule that `dead` is at least 1.5 x `beat`. keepalived (VRRP version 3, RFC 5798) has no choice: it
waits for three adverts and a skew, which is here as small as it can be. A run in which a service was taken
over while its holder lived is counted as a false alarm, and repeated.

The last figure is Heart's default configuration. With each stands what the takeover costs after the verdict.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.asking import Asker
from bench.deaths import TRIES, Death, FalseAlarm, die
from bench.figures import Bounded, Unmeasured, run, spread
from bench.machines import Machines, tool
from bench.pairs import ADDRESS, NODES, HeartPair, KeepalivedPair, Pair, Plan
from heart.config.durations import format_duration, tidy
from heart.config.model import Timing
from heart.config.timing import DEFAULT

NUMBERS = {"alpha": 1, "beta": 2, "client": 9}
PORT = 7078
FOR_EVER = 24 * 3600 * 1000  # milliseconds for which the client believes in a neighbour that answered once
MILLISECONDS = 1000


def plan(beat: float) -> Plan:
    """The plan at an interval between beats (seconds): in proportion the same for all.

    A peer is asked eight times between `late` and `dead`, and an ack may be missing without a release.
    """
    late, dead, lease, stop = (tidy(beat * times) for times in (1.2, 2, 1.6, 0.3))
    return Plan(Timing(beat, late, dead, lease, start=2 * dead, settle=2 * dead), stop)


COMPARED = (  # Heart's timing, and how many runs there are unless said otherwise
    (plan(1.0), 5),
    (plan(0.1), 9),
    (plan(0.01), 15),
)
OUT_OF_THE_BOX = (Plan(DEFAULT, 0.3), 5)


@dataclass
class Runs:
    """What was seen of one pair: its deaths, and how often it took over from a living holder."""

    name: str
    deaths: list[Death]
    false_alarms: int = 0

    def add(self, attempt: Callable[[], Death]) -> None:
        """One more run, repeated where it was a false alarm. Raises Unmeasured after too many of them."""
        for _ in range(TRIES):
            try:
                self.deaths.append(attempt())
            except FalseAlarm:
                self.false_alarms += 1
            else:
                return
        raise Unmeasured(f"{self.name}: took over from a living holder in {TRIES} runs one after another")

    def median(self) -> float:
        """Seconds from death to answer."""
        return spread([death.answered for death in self.deaths]).median

    def show(self) -> None:
        """Print what was seen."""
        times = spread([death.answered for death in self.deaths]).show(MILLISECONDS)
        print(f"  {self.name:11}{times:>26}   runs {len(self.deaths)}, false alarms {self.false_alarms}")

    def show_told(self) -> None:
        """Print when the survivor says that it decided and acted; its events have whole milliseconds."""
        whole = [death for death in self.deaths if {"node-dead", "takeover", "held"} <= death.told.keys()]
        for first, last in (("node-dead", "takeover"), ("takeover", "held")):
            self._show_between(f"from {first} to {last}", [d.told[last] - d.told[first] for d in whole])
        self._show_between("from takeover to the answer", [d.answered - d.told["takeover"] for d in whole])

    def _show_between(self, what: str, seconds: list[float]) -> None:
        if seconds:
            print(f"    {what:35}{spread(seconds).show(MILLISECONDS)}")


class Laboratory:
    """The machines, the client, and a folder for each pair."""

    def __init__(self, stack: ExitStack) -> None:
        self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="heart-bench-")))
        self.machines = Machines(f"hh-bench-{os.getpid()}", NUMBERS)
        stack.callback(self.machines.remove)
        self._believe_in_neighbours()
        answerers = {node: self.machines.udp(node, PORT) for node in NODES}
        self.asker = Asker(self.machines.udp("client", 0), answerers, (ADDRESS, PORT))
        self._count = count(1)

    def heart(self, plan: Plan) -> Death:
        """One death of a holder under Heart."""
        return self._die(HeartPair(self.machines, self._fresh(), plan), plan.timing.beat)

    def keepalived(self, advert: float) -> Death:
        """One death of a holder under keepalived."""
        return self._die(KeepalivedPair(self.machines, self._fresh(), advert), advert)

    def _die(self, pair: Pair, beat: float) -> Death:
        return die(self.machines, self.asker, pair, beat)

    def _fresh(self) -> Path:
        folder = self._folder / str(next(self._count))
        folder.mkdir()
        return folder

    def _believe_in_neighbours(self) -> None:
        """What the client has once learnt never ages: only a gratuitous ARP can change it (arp(7))."""
        self.machines.set("client", "net/ipv4/neigh/eth0/base_reachable_time_ms", str(FOR_EVER))


def compare(laboratory: Laboratory, plan: Plan, runs: int) -> Bounded:
    """Heart and keepalived in turns, at one interval."""
    beat = plan.timing.beat
    interval = format_duration(beat)
    print(f"\nbeats of {interval}; milliseconds from death to answer, least / median / greatest", flush=True)
    heart, keepalived = Runs("Heart", []), Runs("keepalived", [])
    for _ in range(runs):
        heart.add(lambda: laboratory.heart(plan))
        keepalived.add(lambda: laboratory.keepalived(beat))
    heart.show()
    print(f"    {plan.show()}")
    heart.show_told()
    keepalived.show()
    return Bounded(
        f"beats of {interval}: Heart / keepalived", heart.median() / keepalived.median(), 1.0, more=False
    )


def out_of_the_box(laboratory: Laboratory, plan: Plan, runs: int) -> None:
    """Heart as it is without any timing in its configuration."""
    print("\nHeart's default configuration; milliseconds from death to answer", flush=True)
    heart = Runs("Heart", [])
    for _ in range(runs):
        heart.add(lambda: laboratory.heart(plan))
    heart.show()
    print(f"    {plan.show()}")
    heart.show_told()


def measure(runs: int | None) -> Iterator[Bounded]:
    """Everything, with so many runs of each, or with each one's own number."""
    tool("keepalived", "keepalived")
    with ExitStack() as stack:
        laboratory = Laboratory(stack)
        for plan, usual in COMPARED:
            yield compare(laboratory, plan, runs or usual)
        plan, usual = OUT_OF_THE_BOX
        out_of_the_box(laboratory, plan, runs or usual)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--runs", type=int, help="how many runs of each (default 5 at 1 s, 9 at 100 ms, 15 at 10 ms)"
    )
    arguments = parser.parse_args()
    return run(lambda: measure(arguments.runs and max(1, arguments.runs)))


if __name__ == "__main__":
    sys.exit(main())
