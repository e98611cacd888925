"""`heart status --watch`: the status again and again, through restarts of the daemon.

A status is never shown as if it were newer than it is: its age is on the screen, and one that the daemon
does not stand by any more is marked as past.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any, NoReturn

from heart.cli.asking import say
from heart.cli.options import complain
from heart.control.client import DaemonRefused, DaemonUnreachable, ask
from heart.status.facts import silences

EVERY = 1.0
"""Seconds between two looks, and between two pictures."""

# What changes all the time on a cluster at rest.
COUNTS = ("sent", "received", "lost", "refused", "skipped", "damaged")
FIGURES = frozenset(("lateness", "heard", "hears_us", "round_trip", *COUNTS))


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen last: a status and when it came; since when there has been none, and why."""

    status: dict[str, Any]
    seen: float
    seen_at: datetime
    trouble: str = ""
    trouble_since: datetime | None = None

    def age(self) -> float:
        """How old the status is, in seconds."""
        return time.monotonic() - self.seen


class Watcher:
    """Asks one daemon, in a thread where that is wanted: one that hangs does not stop the screen."""

    def __init__(self, path: Path) -> None:
        """Raises DaemonUnreachable or DaemonRefused where there is no status to begin with."""
        self._path = path
        self.sight = self._ask()
        self.news = Event()

    def look(self) -> Sight:
        """Ask once more; what is seen now."""
        try:
            self.sight = self._ask()
        except (DaemonUnreachable, DaemonRefused) as error:
            since = self.sight.trouble_since or datetime.now(UTC)
            self.sight = replace(self.sight, trouble=str(error), trouble_since=since)
        return self.sight

    def begin(self) -> None:
        """Go on looking in a thread, which ends with the process."""
        Thread(target=self._look_on, name="asks the daemon", daemon=True).start()

    def _look_on(self) -> NoReturn:
        while True:
            time.sleep(EVERY)
            self.look()
            self.news.set()

    def _ask(self) -> Sight:
        asked = time.monotonic()
        answer = ask(self._path, {"command": "status"})
        if not isinstance(answer, dict):
            raise DaemonRefused("it does not tell its status; expected a daemon of Heart")
        return Sight(answer, asked, datetime.now(UTC))


def watch(path: Path, *, as_json: bool) -> None:
    """Show the status until Ctrl-C, on a screen where there is one.

    Raises DaemonUnreachable or DaemonRefused where it cannot begin.
    """
    with _ended_by_signals():
        watcher = Watcher(path)
        if as_json:
            _print_each(watcher)
        elif sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            _show(watcher)
        else:
            _print_changes(watcher)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Ctrl-C is how this ends; SIGTERM leaves the terminal as it was, too."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_each(watcher: Watcher) -> None:
    """One JSON object a line for each look; that there is none is told on standard error, once."""
    told = False
    for sight in _looks(watcher):
        if not sight.trouble:
            say(json.dumps(sight.status))
        elif not told:
            complain(_unreachable(sight))
        told = bool(sight.trouble)


def _print_changes(watcher: Watcher) -> None:
    """The whole status each time that something but its figures has changed."""
    from heart.status.view import WIDTH, plain  # not for --json

    shown: object = None
    for sight in _looks(watcher):
        essence = bool(sight.trouble) or (without_figures(sight.status), silences(sight.status))
        if essence == shown:
            continue
        if sight.trouble:
            say(_unreachable(sight) + "\n")
        else:
            at = sight.seen_at
            say(f"{_moment(at)}\n{plain(sight.status, WIDTH, at)}\n")
        shown = essence


def without_figures(value: Any) -> Any:
    """A status without what changes all the time."""
    if isinstance(value, dict):
        return {key: without_figures(inner) for key, inner in value.items() if key not in FIGURES}
    return [without_figures(inner) for inner in value] if isinstance(value, list) else value


def _looks(watcher: Watcher) -> Iterator[Sight]:
    yield watcher.sight
    while True:
        time.sleep(EVERY)
        yield watcher.look()


def _show(watcher: Watcher) -> None:
    """Draw the status in place, on a screen of its own that gives the terminal back as it was."""
    from rich.console import Console
    from rich.live import Live

    from heart.cli.screen import picture

    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # whatever of it the terminal's encoding has letters for
    watcher.begin()
    with Live(console=Console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(picture(watcher.sight, datetime.now(UTC)), refresh=True)
            watcher.news.wait(EVERY)
            watcher.news.clear()


def _unreachable(sight: Sight) -> str:
    return f"cannot be reached since {_moment(sight.trouble_since)}: {sight.trouble}"


def _moment(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
