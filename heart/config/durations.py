"""Durations as people write them (`250ms`, `1.5s`, `2h`) and as the daemon counts them: in seconds."""

from __future__ import annotations

import re
from decimal import Decimal

LONGEST = 366 * 86400.0  # seconds; more than that is a slip of the hand
EXPECTED = 'a duration such as "100ms" (a decimal number and ms, s, m, h or d)'

_UNITS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ms|s|m|h|d)")
_RESOLUTION = 9  # decimals of a second: beyond a nanosecond there is only the noise of floating point


def parse_duration(text: str) -> float:
    """Seconds from `NUMBER UNIT` without a space. Raises ValueError for anything else.

    The number is decimal: no sign, no exponent, no nan. Durations over 366 days are refused.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"expected {EXPECTED}")
    seconds = tidy(float(Decimal(match[1]) * _UNITS[match[2]]))
    if seconds > LONGEST:
        raise ValueError("expected at most 366d")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact way to write so many seconds, to the nanosecond: `parse_duration` reads it back."""
    exact = Decimal(repr(tidy(seconds)))
    if exact == 0:
        return "0s"
    for unit in ("d", "h", "m"):
        if exact % _UNITS[unit] == 0:
            return f"{_plain(exact / _UNITS[unit])}{unit}"
    if abs(exact) < 1:
        return f"{_plain(exact / _UNITS['ms'])}ms"
    return f"{_plain(exact)}s"


def tidy(seconds: float) -> float:
    """The seconds without the noise of binary fractions, so that 0.6 x 1s is what a person expects."""
    return round(seconds, _RESOLUTION)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
