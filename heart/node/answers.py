"""Operators who wait for the core's answer."""

from __future__ import annotations

from itertools import count

from twisted.internet.defer import Deferred

Answer = dict[str, object]
"""What goes over the control socket: `done`, and `text`, which is one line."""


class Answers:
    """Each question has a number; each is answered once."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, Deferred[Answer]] = {}

    def expect(self) -> tuple[int, Deferred[Answer]]:
        """A fresh number, and what fires with the answer to it."""
        number = next(self._numbers)
        self._waiting[number] = Deferred()
        return number, self._waiting[number]

    def give(self, number: int, done: bool, text: str) -> None:
        """The core has answered."""
        self._waiting.pop(number).callback({"done": done, "text": text})
