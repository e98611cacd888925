"""The timing table: what is not said follows from `beat`, and the rule that all of it must keep.

beat < late < dead, dead >= 1.5 x beat, lease < dead.
"""

from __future__ import annotations

from heart.config.durations import format_duration, tidy
from heart.config.model import Timing
from heart.config.reading import Table
from heart.config.values import Unfit, duration

DEFAULT_BEAT = 0.1
LEAST_BEAT = 0.001
MOST_BEAT = 3600.0
LEAST_DEAD = 1.5  # times the beat

# What follows from what, and how many times, where it is not said.
DERIVED = {
    "late": ("beat", 2.5),
    "dead": ("beat", 10),
    "lease": ("dead", 0.6),
    "start": ("beat", 50),
    "settle": ("beat", 100),
}
DEFAULT = Timing(beat=DEFAULT_BEAT, late=0.25, dead=1.0, lease=0.6, start=5.0, settle=10.0)

Times = dict[str, float | None]  # None: said, but not understood, or to follow from such a one


def read_timing(table: Table) -> Timing:
    """The timing that the table says. Where faults were noted, the default stands in for it."""
    times: Times = {"beat": table.read("beat", beat_interval) if table.said("beat") else DEFAULT_BEAT}
    for key, (origin, factor) in DERIVED.items():
        basis = times[origin]
        if table.said(key):
            times[key] = table.read(key, duration)
        else:
            times[key] = None if basis is None else tidy(basis * factor)
    table.close()
    sound = _check_late(table, times) & _check_dead(table, times) & _check_lease(table, times)
    known = {key: seconds for key, seconds in times.items() if seconds is not None}
    if not sound or len(known) < len(times):
        return DEFAULT
    timing = Timing(**known)
    _warn(table, timing)
    return timing


def beat_interval(value: object) -> float:
    """The interval of beats, within the bounds of what makes sense."""
    seconds = duration(value)
    if not LEAST_BEAT <= seconds <= MOST_BEAT:
        raise Unfit(f"{format_duration(LEAST_BEAT)} to {format_duration(MOST_BEAT)}")
    return seconds


def _check_late(table: Table, times: Times) -> bool:
    beat, late, dead = times["beat"], times["late"], times["dead"]
    if late is None or ((beat is None or late > beat) and (dead is None or late < dead)):
        return True
    bounds = [f"more than timing.beat ({format_duration(beat)})"] if beat is not None else []
    bounds += [f"less than timing.dead ({format_duration(dead)})"] if dead is not None else []
    return _refuse(table, "late", " and ".join(bounds), late)


def _check_dead(table: Table, times: Times) -> bool:
    beat, dead = times["beat"], times["dead"]
    if beat is None or dead is None or dead >= tidy(LEAST_DEAD * beat):
        return True
    return _refuse(table, "dead", f"at least 1.5 x timing.beat ({format_duration(LEAST_DEAD * beat)})", dead)


def _check_lease(table: Table, times: Times) -> bool:
    lease, dead = times["lease"], times["dead"]
    if lease is None or dead is None or lease < dead:
        return True
    return _refuse(table, "lease", f"less than timing.dead ({format_duration(dead)})", lease)


def _refuse(table: Table, key: str, expected: str, seconds: float) -> bool:
    origin, factor = DERIVED[key]
    unsaid = "" if table.said(key) else f", {factor} x timing.{origin} as it is not said: say it too"
    table.error(key, f"expected {expected}, not {format_duration(seconds)}{unsaid}")
    return False


def _warn(table: Table, timing: Timing) -> None:
    least_lease = tidy(timing.late + 2 * timing.beat)
    if timing.lease < least_lease:
        table.warn(
            "lease",
            f"{format_duration(timing.lease)} is less than late + 2 x beat ({format_duration(least_lease)}): "
            "the death of a standby could make the holder let go; make lease longer",
        )
    if timing.start < timing.dead:
        table.warn(
            "start",
            f"{format_duration(timing.start)} is less than dead ({format_duration(timing.dead)}): "
            "a node that starts may take a service before it could have heard its holder; make start longer",
        )
