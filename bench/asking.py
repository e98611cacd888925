"""Who answers at the service's address: a client that asks, and an answerer in each node.

One thread does both, so that between a question and its answer nobody has to be woken up first.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic

EVERY = 0.001  # seconds between two questions


class Asker:
    """Asks at `target`, and has each node answer with its name what it is asked."""

    def __init__(
        self, client: socket.socket, answerers: Mapping[str, socket.socket], target: tuple[str, int]
    ) -> None:
        self._client, self._target = client, target
        self._names = {made: name.encode() for name, made in answerers.items()}
        self._sockets = [client, *self._names]
        for made in self._sockets:
            made.setblocking(False)

    def first(self, wanted: str, seconds: float) -> float | None:
        """When `wanted` first answers (monotonic); None where it does not in that time."""
        return self._ask(seconds, wanted, {})

    def heard(self, seconds: float) -> dict[str, float]:
        """Ask for that long; who has answered, and when each one last did (monotonic)."""
        heard: dict[str, float] = {}
        self._ask(seconds, None, heard)
        return heard

    def forget(self) -> None:
        """Throw away the answers that have come."""
        with suppress(BlockingIOError):
            while True:
                self._client.recv(64)

    def _ask(self, seconds: float, wanted: str | None, heard: dict[str, float]) -> float | None:
        now = ask_at = monotonic()
        until = now + seconds
        while now < until:
            if now >= ask_at:
                self._question()
                ask_at = max(ask_at + EVERY, now)
            for ready in select.select(self._sockets, [], [], max(0.0, min(ask_at, until) - monotonic()))[0]:
                name = self._take(ready)
                if name is not None:
                    heard[name] = monotonic()
                    if name == wanted:
                        return heard[name]
            now = monotonic()
        return None

    def _question(self) -> None:
        with suppress(OSError):  # nobody has the address yet
            self._client.sendto(b"who?", self._target)

    def _take(self, ready: socket.socket) -> str | None:
        """Answer a question, or take an answer: the name that it gives."""
        with suppress(OSError):  # its cable is out
            question, sender = ready.recvfrom(64)
            if ready is self._client:
                return question.decode()
            ready.sendto(self._names[ready], sender)
        return None
