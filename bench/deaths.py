"""One death: a pair at rest, its holder killed and cut off, and the time until the other node answers."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from time import monotonic

from bench.asking import Asker
from bench.figures import Unmeasured
from bench.machines import Machines
from bench.pairs import ADDRESS, NODES, HeartPair, Pair
from heart.control.client import DaemonUnreachable

START = 40.0  # seconds in which a pair must have come to rest
MISSING = 20.0  # seconds in which the other node must have answered
SETTLED = 4  # beats for which one node alone must have answered
WATCHED = 0.5  # seconds, and up to a beat more, that the holder lives after that
STEP = 0.02
RESOLUTION = 0.002  # seconds by which an event's time of day may be off
TRIES = 5


class FalseAlarm(Exception):
    """The service was taken over while its holder lived: there is no death to be measured."""


@dataclass(frozen=True)
class Death:
    """Seconds from the death of the holder to the answer of the other node, and to what that told of it."""

    answered: float
    told: dict[str, float] = field(default_factory=dict)


def die(machines: Machines, asker: Asker, pair: Pair, beat: float) -> Death:
    """Start a pair, let its holder die at a random moment, and end the pair.

    Raises FalseAlarm, and Unmeasured where nothing comes to rest or nobody takes over.
    """
    for node in NODES:
        machines.plug(node)
    machines.ip("client", "neigh", "flush", "all")
    asker.forget()
    try:
        pair.start()
        holder = _rest(asker, pair, beat)
        if asker.heard(WATCHED + beat * random.random()).keys() != {holder}:
            raise FalseAlarm
        return _kill(machines, asker, pair, holder)
    finally:
        pair.stop()


def _rest(asker: Asker, pair: Pair, beat: float) -> str:
    """Wait until one node alone has answered for a while, and both have had time to know it."""
    deadline = monotonic() + START
    while monotonic() < deadline:
        holders = list(asker.heard(SETTLED * beat if asker.heard(STEP) else STEP))
        if not pair.running():
            raise Unmeasured(f"a daemon has ended by itself: {pair.log()}")
        if len(holders) == 1 and pair.at_rest(holders[0]):
            return holders[0]
    raise Unmeasured(f"no node holds {ADDRESS} after {START:g} s: {pair.log()}")


def _kill(machines: Machines, asker: Asker, pair: Pair, holder: str) -> Death:
    survivor = next(node for node in NODES if node != holder)
    died, time_of_day = monotonic(), time.time()
    pair.kill(holder)
    machines.unplug(holder)
    answered = asker.first(survivor, MISSING)
    if answered is None:
        raise Unmeasured(f"{survivor} did not answer within {MISSING:g} s after {holder} died: {pair.log()}")
    told = _told(pair, survivor, time_of_day)
    if any(told.get(kind, 0.0) < -RESOLUTION for kind in ("node-dead", "takeover")):
        raise FalseAlarm
    return Death(answered - died, told)


def _told(pair: Pair, survivor: str, died: float) -> dict[str, float]:
    """When the survivor says that each thing happened, in seconds after the death."""
    if not isinstance(pair, HeartPair):
        return {}
    time.sleep(STEP)  # `held` follows the answer by a moment
    try:
        return {event["kind"]: event["time"] - died for event in pair.events(survivor)}
    except DaemonUnreachable as error:
        raise Unmeasured(str(error)) from None
