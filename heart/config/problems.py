"""What is wrong with a configuration: collected while it is read, told all at once.

Every line has the form `FILE: KEY.PATH: what was expected`, and stays one line whatever the file holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from difflib import get_close_matches

KeyPath = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_SHOWN = 60
_GREATEST_SHOWN = 10**18


class ConfigurationErrors(Exception):
    """The configuration cannot be used. `lines` says why, a line for each fault."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class Problems:
    """The faults (`errors`) and doubts (`warnings`) found in one file, in the order of finding."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, path: KeyPath, text: str) -> None:
        """Note what makes the configuration unusable, once, and go on."""
        line = self._line(path, text)
        if line not in self.errors:
            self.errors.append(line)

    def warn(self, path: KeyPath, text: str) -> None:
        """Note what the administrator should know of a usable configuration."""
        self.warnings.append(self._line(path, text))

    def raise_if_any(self) -> None:
        """Raise ConfigurationErrors with all errors noted so far, if there are any."""
        if self.errors:
            raise ConfigurationErrors(self.errors)

    def _line(self, path: KeyPath, text: str) -> str:
        return printable(": ".join(part for part in (self._file, spell(path), text) if part))


def spell(path: KeyPath) -> str:
    """A key path as TOML writes it; items of a list are counted from 1: `services.web.resources[2]`."""
    spelt = ""
    for part in path:
        if isinstance(part, int):
            spelt += f"[{part}]"
        else:
            spelt += ("." if spelt else "") + (part if _BARE_KEY.fullmatch(part) else quoted(part))
    return spelt


def show(value: object) -> str:
    """A value of the file for an error line: short, printable, and never more than a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and abs(value) > _GREATEST_SHOWN:
        return "a number of that size"  # Python refuses to write out the longest ones
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date | time):
        return "a date or time"
    if isinstance(value, list) and value:
        items = (
            f"a {'list' if isinstance(item, list) else 'table'}" if _nests(item) else show(item)
            for item in value
        )
        return f"[{listed(items, most=4)}]"
    return "an empty list" if isinstance(value, list) else "a table"


def _nests(value: object) -> bool:
    return isinstance(value, list | dict)


def quoted(text: str) -> str:
    """The text in quotes, shortened, with everything escaped that a terminal might act on."""
    shortened = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
    return f'"{printable(shortened)}"'


def printable(text: str) -> str:
    """The text with line ends, control characters and the like escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` where one of the known words is close, else `; expected one of ...`."""
    words = sorted(known)
    close = get_close_matches(word[:_LONGEST_SHOWN], words, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; expected one of {listed(words)}" if words else ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """The words with commas between them, the first `most` of them."""
    everything = list(words)
    rest = len(everything) - most
    return ", ".join(everything[:most]) + (f" and {rest} more" if rest > 0 else "")
