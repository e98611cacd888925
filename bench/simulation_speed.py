"""How much faster than real time two simulated nodes live: `python bench/simulation_speed.py [--rounds N]`.

Two nodes with beats of 100 ms on a LAN and a cable, at rest, with the core and codec of the daemon. Simulated
seconds are divided by the processor's seconds, so what else the machine does hardly counts; the best round
counts, for the others were disturbed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from time import process_time

from bench.figures import Bounded, run, spread
from heart.simulation.cluster import SimulatedCluster

SECONDS = 200.0
BOUND = 1000.0


def ratio(seed: int) -> float:
    """Simulated seconds for each second of the processor."""
    cluster = SimulatedCluster(seed)
    cluster.start()
    cluster.world.run(10)
    begin = process_time()
    cluster.world.run(SECONDS)
    return SECONDS / (process_time() - begin)


def measure(rounds: int) -> Iterator[Bounded]:
    """Run so many rounds, and say what came out."""
    ratios = [ratio(seed) for seed in range(rounds)]
    print(f"simulated time to processor time, two nodes at 100 ms beats: {spread(ratios).show(1, 0)} to 1")
    yield Bounded("simulated time to processor time", max(ratios), BOUND, more=True)


def main() -> int:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    return run(lambda: measure(rounds))


if __name__ == "__main__":
    sys.exit(main())
