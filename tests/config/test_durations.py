"""Tests of heart.config.durations."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.config.durations import LONGEST, format_duration, parse_duration

IN_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class DurationTests(SynchronousTestCase):
    """Durations are read and written."""

    def test_units(self) -> None:
        """Each unit means what it says, and a fraction is decimal."""
        texts = {"100ms": 0.1, "1s": 1.0, "1.5s": 1.5, "2m": 120.0, "0.5h": 1800.0, "1d": 86400.0, "0ms": 0.0}
        for text, seconds in texts.items():
            self.assertEqual(parse_duration(text), seconds, text)

    def test_exact(self) -> None:
        """100 ms is the same number however it is written."""
        self.assertEqual({parse_duration(text) for text in ("100ms", "0.1s", "100.0ms", "00.1s")}, {0.1})

    def test_refused(self) -> None:
        """Anything but a decimal number and a unit is refused."""
        for text in (
            *(
                "",
                "100",
                "ms",
                "-1s",
                "+1s",
                "1e3s",
                "nan",
                "nans",
                "infs",
                "1 s",
                " 1s",
                "1s ",
                "1s\n",
                ".5s",
            ),
            *("5.s", "1,5s", "1S", "1sec", "1us", "0x1s", "1_000s", "\u0661s", "1s1s", "9" * 400 + "s"),
        ):
            error = self.assertRaises(ValueError, parse_duration, text)
            self.assertIn('expected a duration such as "100ms"', str(error), text)

    def test_too_long(self) -> None:
        """More than a leap year is refused, and named so."""
        self.assertEqual(parse_duration("366d"), LONGEST)
        self.assertEqual(str(self.assertRaises(ValueError, parse_duration, "367d")), "expected at most 366d")

    def test_written(self) -> None:
        """A duration is written in the unit that a person would take."""
        texts = {0.0: "0s", 0.1: "100ms", 0.0005: "0.5ms", 0.6 * 1.0: "600ms", 1.5: "1.5s", 90.0: "90s"}
        texts |= {120.0: "2m", 7200.0: "2h", 172800.0: "2d", 1.03 * (0.6 + 0.3): "927ms", 10.0: "10s"}
        for seconds, text in texts.items():
            self.assertEqual(format_duration(seconds), text)

    @settings(deadline=None)
    @given(st.integers(0, 10**9), st.integers(0, 3), st.sampled_from(sorted(IN_MILLISECONDS)))
    def test_round_trip(self, number: int, decimals: int, unit: str) -> None:
        """What is read, written and read again is the same number of seconds."""
        text = f"{Decimal(number).scaleb(-decimals):f}{unit}"
        if Decimal(number).scaleb(-decimals) * IN_MILLISECONDS[unit] > LONGEST * 1000:
            self.assertRaises(ValueError, parse_duration, text)
            return
        seconds = parse_duration(text)
        self.assertEqual(parse_duration(format_duration(seconds)), seconds)
        self.assertAlmostEqual(
            seconds, number * IN_MILLISECONDS[unit] / 10**decimals / 1000, delta=1e-9 + seconds * 1e-15
        )

    @settings(deadline=None)
    @given(st.text(max_size=20))
    def test_nothing_else_raised(self, text: str) -> None:
        """Whatever the text, it is a duration from nothing to a year or a ValueError."""
        try:
            seconds = parse_duration(text)
        except ValueError:
            return
        self.assertTrue(0 <= seconds <= LONGEST)
