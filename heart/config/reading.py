"""A table of the file, read key by key: faults are noted with their key path, and reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from heart.config.problems import KeyPath, Problems, did_you_mean, show, spell
from heart.config.values import NAME, NAME_EXPECTED, Unfit

T = TypeVar("T")


class Table:
    """One table of the file at its key path. What was not asked for by `close` is an unknown key."""

    def __init__(self, content: Mapping[str, object], path: KeyPath, problems: Problems) -> None:
        self._content = content
        self._asked: set[str] = set()
        self._later: set[str] = set()
        self.path = path
        self.problems = problems

    def said(self, key: str) -> bool:
        """Whether the file has this key, with whatever value."""
        self._asked.add(key)
        return key in self._content

    def read(self, key: str, convert: Callable[[object], T]) -> T | None:
        """The key's value; None where it is not said, or does not fit, which is then noted."""
        if not self.said(key):
            return None
        value = self._content[key]
        try:
            return convert(value)
        except Unfit as unfit:
            advice = f": {unfit.advice}" if unfit.advice else ""
            self.error(key, f"{unfit}, not {show(value)}{advice}")
            return None

    def need(self, key: str, convert: Callable[[object], T]) -> T | None:
        """As `read`, for a key that must be there."""
        if not self.said(key):
            try:
                convert(None)
            except Unfit as unfit:
                self.error(key, f"missing; {unfit}")
            return None
        return self.read(key, convert)

    def kind(
        self,
        known: tuple[str, ...],
        later: tuple[str, ...],
        default: str | None = None,
        more: Callable[[object], str] | None = None,
    ) -> str | None:
        """The value of `kind`: one of `known`, else noted; those of `later` are for a later version.

        What is neither is for the converter `more` to judge, if there is one.
        """
        expected = " or ".join(f'"{word}"' for word in known)
        if not self.said("kind"):
            if default is None:
                self.error("kind", f"missing; expected {expected}")
            return default
        value = self._content["kind"]
        if value in known:
            return str(value)
        if isinstance(value, str) and value in later:
            self.error("kind", f'"{value}" is not available in this version; expected {expected}')
        elif more is not None:
            return self.read("kind", more)
        else:
            self.error("kind", f"expected {expected}, not {show(value)}")
        return None

    def later(self, key: str, expected: str) -> bool:
        """Whether the file has a key that this version does not know yet, which is then noted."""
        self._later.add(key)
        if self.said(key):
            self.error(key, f"not available in this version; expected {expected}")
        return self.said(key)

    def table(self, key: str) -> Table:
        """The table under this key; an empty one where there is none."""
        content = self._content[key] if self.said(key) else {}
        if not isinstance(content, dict):
            self.error(key, f"expected a table [{spell((*self.path, key))}], not {show(content)}")
            content = {}
        return Table(content, (*self.path, key), self.problems)

    def named(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables under this key with their names, as in [nodes.alpha]."""
        group = self.table(key)
        for word in group._content:
            yield word, group.table(word)

    def check_name(self) -> None:
        """Note where the last part of this table's key path is not a name."""
        if not NAME.fullmatch(str(self.path[-1])):
            self.problems.error(self.path, f"expected {NAME_EXPECTED}")

    def items(self, key: str) -> Iterator[Table]:
        """The tables of a list under this key, as in [[services.web.resources]]; one must be there."""
        value = self._content[key] if self.said(key) else []
        if not isinstance(value, list) or not value:
            unfit = "" if value == [] else f", not {show(value)}"
            self.error(key, f"expected at least one table [[{spell((*self.path, key))}]]{unfit}")
            return
        for index, content in enumerate(value, 1):
            path = (*self.path, key, index)
            if isinstance(content, dict):
                yield Table(content, path, self.problems)
            else:
                self.problems.error(path, f"expected a table, not {show(content)}")

    def error(self, key: str, text: str) -> None:
        """Note what is wrong with this key."""
        self.problems.error((*self.path, key), text)

    def warn(self, key: str, text: str) -> None:
        """Note what the administrator should know of this key."""
        self.problems.warn((*self.path, key), text)

    def rest(self) -> dict[str, object]:
        """The keys that nobody asked for yet, with their values: those of a plug-in's kind."""
        found = {key: value for key, value in self._content.items() if key not in self._asked}
        self._asked.update(found)
        return found

    def ignore_rest(self) -> None:
        """Leave the other keys unjudged: what they should be cannot be known."""
        self._asked.update(self._content)

    def close(self) -> None:
        """Note all keys that nobody asked for."""
        for key, value in self._content.items():
            if key not in self._asked:
                dotted = isinstance(value, dict) and len(self.path) == 2
                hint = " (a name with dots stands in quotes)" if dotted else ""
                self.error(key, f"unknown key{did_you_mean(key, self._asked - self._later)}{hint}")
