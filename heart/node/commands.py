"""What can be asked of a daemon on its control socket, beside its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred

from heart.config.model import Configuration
from heart.control.connection import CommandRefused
from heart.control.protocol import Request
from heart.control.server import Command
from heart.node.answers import Answer

ORDERS = ("move", "standby", "active", "retry", "set")
"""The commands that the core answers: each takes a subject, and some a value."""

Operate = Callable[[str, str, str], Deferred[Answer]]
"""Gives the core a command with its subject and value."""

Reload = Callable[[], Deferred[dict[str, Any]]]


def commands(operate: Operate, running: Callable[[], Configuration], reload: Reload) -> Mapping[str, Command]:
    """The commands by name. `running` is the configuration that the daemon runs with."""

    def order(request: Request) -> Deferred[Answer]:
        return operate(request["command"], _text(request, "subject"), _text(request, "value"))

    def configuration(request: Request) -> dict[str, Any]:
        now = running()
        return {"file": str(now.file), "digest": now.digest, "meaning": dict(now.meaning)}

    return {
        **dict.fromkeys(ORDERS, order),
        "configuration": configuration,
        "reload": lambda request: reload(),
    }


def _text(request: Request, key: str) -> str:
    value = request.get(key, "")
    if not isinstance(value, str):
        raise CommandRefused(f"expected a string as {key}")
    return value
