"""Tests of heart.config.problems."""

from __future__ import annotations

import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.config.problems import ConfigurationErrors, Problems, did_you_mean, listed, show, spell


class SpellTests(SynchronousTestCase):
    """Key paths and values in words."""

    def test_spell(self) -> None:
        """A path is written as in TOML, with items counted from 1."""
        self.assertEqual(spell(("services", "web", "resources", 2)), "services.web.resources[2]")
        self.assertEqual(spell(("nodes", "a.example.com")), 'nodes."a.example.com"')
        self.assertEqual(spell(("nodes", "")), 'nodes.""')

    def test_show(self) -> None:
        """Values are shown as the file has them, short, and on one line."""
        shown = {True: "true", -3: "-3", 0.5: "0.5", "a\nb\x1b\u2028": '"a\\nb\\x1b\\u2028"', "x" * 99: None}
        for value, text in shown.items():
            self.assertEqual(show(value), text or f'"{"x" * 60}..."')
        self.assertEqual(show(int("f" * 9000, 16)), "a number of that size")
        self.assertEqual(show(datetime.date(2026, 1, 1)), "a date or time")
        self.assertEqual(show(["a", 1, [2], {}, 5]), '["a", 1, a list, a table and 1 more]')
        self.assertEqual((show([]), show({})), ("an empty list", "a table"))

    def test_did_you_mean(self) -> None:
        """A close word is named; where none is close, all are."""
        self.assertEqual(did_you_mean("prot", {"port", "kind"}), "; did you mean port?")
        self.assertEqual(did_you_mean("zzz", {"port", "kind"}), "; expected one of kind, port")
        self.assertEqual(did_you_mean("zzz", ()), "")
        self.assertEqual(listed("abcde", most=2), "a, b and 3 more")

    @settings(deadline=None)
    @given(st.lists(st.text() | st.integers(1, 9)), st.text())
    def test_one_line(self, path: list[str | int], value: str) -> None:
        """Whatever keys, values and the file's name hold, an error is one printable line."""
        problems = Problems(value)
        problems.error(tuple(path), value + show(value) + did_you_mean("x", [value]))
        self.assertTrue(problems.errors[0].isprintable())

    def test_raised(self) -> None:
        """All errors are raised together, and none if there are none."""
        problems = Problems("f")
        problems.warn(("a",), "odd")
        problems.raise_if_any()
        problems.error(("b",), "wrong")
        problems.error((), "worse")
        errors = self.assertRaises(ConfigurationErrors, problems.raise_if_any)
        self.assertEqual(errors.lines, ("f: b: wrong", "f: worse"))
        self.assertEqual(str(errors), "f: b: wrong\nf: worse")
        self.assertEqual(problems.warnings, ["f: a: odd"])
