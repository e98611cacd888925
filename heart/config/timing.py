"""The timing table: what is not said follows from `beat` and the profile, and the rule that all must keep.

beat < late < dead, dead >= 1.5 x beat, lease < dead.
"""

from __future__ import annotations

from collections.abc import Mapping

from heart.config.durations import format_duration, tidy
from heart.config.model import Timing
from heart.config.reading import Table
from heart.config.values import Unfit, duration

DEFAULT_BEAT = 0.1
LEAST_BEAT = 0.001
MOST_BEAT = 3600.0
LEAST_DEAD = 1.5  # times the beat

# What follows from what, and how many times, where it is not said; why so many: docs/qos.md.
Multiples = Mapping[str, tuple[str, float]]
DEFAULT_PROFILE = "default"
PROFILES: Mapping[str, Multiples] = {
    DEFAULT_PROFILE: {
        "late": ("beat", 2.5),
        "dead": ("beat", 10),
        "lease": ("dead", 0.6),
        "start": ("beat", 50),
        "settle": ("beat", 100),
    },
    "fast": {
        "late": ("beat", 1.25),
        "dead": ("beat", 2),
        "lease": ("dead", 0.75),
        "start": ("beat", 50),
        "settle": ("beat", 100),
    },
    "patient": {
        "late": ("beat", 5),
        "dead": ("beat", 30),
        "lease": ("dead", 0.6),
        "start": ("beat", 100),
        "settle": ("beat", 300),
    },
}

Times = dict[str, float | None]  # None: said, but not understood, or to follow from such a one


def timing_of(name: str, beat: float = DEFAULT_BEAT) -> Timing:
    """The timing of a profile alone, for beats each so many seconds. KeyError: there is no such profile."""
    times = {"beat": beat}
    for key, (origin, factor) in PROFILES[name].items():
        times[key] = tidy(times[origin] * factor)
    return Timing(**times)


DEFAULT = timing_of(DEFAULT_PROFILE)


def read_timing(table: Table) -> Timing:
    """The timing that the table says. Where faults were noted, the default stands in for it."""
    times: Times = {"beat": table.read("beat", beat_interval) if table.said("beat") else DEFAULT_BEAT}
    multiples = PROFILES[
        (table.read("profile", profile) if table.said("profile") else None) or DEFAULT_PROFILE
    ]
    for key, (origin, factor) in multiples.items():
        basis = times[origin]
        if table.said(key):
            times[key] = table.read(key, duration)
        else:
            times[key] = None if basis is None else tidy(basis * factor)
    table.close()
    judge = Judge(table, times, multiples)
    sound = judge.late() & judge.dead() & judge.lease()
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


def profile(value: object) -> str:
    """The name of a profile."""
    if isinstance(value, str) and value in PROFILES:
        return value
    raise Unfit(f"one of {', '.join(PROFILES)}")


class Judge:
    """Holds the times against the rule; each method is False where one breaks it, which is then noted."""

    def __init__(self, table: Table, times: Times, multiples: Multiples) -> None:
        self._table = table
        self._times = times
        self._multiples = multiples

    def late(self) -> bool:
        """Whether beat < late < dead."""
        beat, late, dead = self._times["beat"], self._times["late"], self._times["dead"]
        if late is None or ((beat is None or late > beat) and (dead is None or late < dead)):
            return True
        bounds = [f"more than timing.beat ({format_duration(beat)})"] if beat is not None else []
        bounds += [f"less than timing.dead ({format_duration(dead)})"] if dead is not None else []
        return self._refuse("late", " and ".join(bounds), late)

    def dead(self) -> bool:
        """Whether dead >= 1.5 x beat."""
        beat, dead = self._times["beat"], self._times["dead"]
        if beat is None or dead is None or dead >= tidy(LEAST_DEAD * beat):
            return True
        least = format_duration(LEAST_DEAD * beat)
        return self._refuse("dead", f"at least 1.5 x timing.beat ({least})", dead)

    def lease(self) -> bool:
        """Whether lease < dead."""
        lease, dead = self._times["lease"], self._times["dead"]
        if lease is None or dead is None or lease < dead:
            return True
        return self._refuse("lease", f"less than timing.dead ({format_duration(dead)})", lease)

    def _refuse(self, key: str, expected: str, seconds: float) -> bool:
        origin, factor = self._multiples[key]
        unsaid = f", {factor} x timing.{origin} as it is not said: say it too"
        found = format_duration(seconds) + ("" if self._table.said(key) else unsaid)
        self._table.error(key, f"expected {expected}, not {found}")
        return False


def _warn(table: Table, timing: Timing) -> None:
    least_lease = tidy(timing.late + 2 * timing.beat)
    chosen = any(table.said(key) for key in ("late", "dead", "lease"))  # a profile's own are known to do
    if chosen and timing.lease < least_lease:
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
