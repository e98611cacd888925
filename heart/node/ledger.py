"""What this daemon holds, written where the next one finds it should this one be killed.

It lies in the run directory, which does not outlive the machine: neither do addresses and processes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import MsgspecError, Struct, json

from heart.interfaces import InThread, Tenure
from heart.linux.processes import start_of
from heart.node.files import LatestFile


class Running(Struct, frozen=True):
    """A process group, with the start of its leader as the kernel counts it, for numbers are used again."""

    group: int
    started: int


class Held(Struct, frozen=True):
    """A service that is held, or was being started or stopped, and the scripts that ran for it."""

    service: str
    term: int
    previous: str | None
    running: tuple[Running, ...]


class Ledger:
    """Writes down what is held, each time that changes."""

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._held: dict[str, Held] = {}
        self._file = LatestFile(path, in_thread, durable=False)
        self.written = self._file.written

    def held(self) -> tuple[Held, ...]:
        """What is held now."""
        return tuple(self._held.values())

    def changed(self, service: str, tenure: Tenure | None, groups: tuple[int, ...]) -> None:
        """What is held of a service is now this; None: nothing."""
        if tenure is None:
            self._held.pop(service, None)
        else:
            running = tuple(Running(group, start_of(group)) for group in groups)
            self._held[service] = Held(service, tenure.term, tenure.previous, running)
        self._file.write(json.encode(self.held()))


def leftovers(path: Path) -> tuple[tuple[Held, ...], str | None]:
    """What a daemon that was killed still held, and a line for a person where that cannot be read."""
    try:
        return json.decode(path.read_bytes(), type=tuple[Held, ...]), None
    except FileNotFoundError:
        return (), None
    except OSError as error:
        return (), f"{path}: cannot be read ({error.strerror}); what an earlier daemon held is not known"
    except (MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return (), f"{path}: is damaged ({error}); what an earlier daemon held is not known"


def end_running(held: Held, kill: Callable[[int, int], None] = os.killpg) -> list[int]:
    """Kill the scripts that an earlier daemon left running; returns the process groups that were killed."""
    killed = []
    for running in held.running:
        if running.started and start_of(running.group) == running.started:
            with suppress(ProcessLookupError, PermissionError):
                kill(running.group, signal.SIGKILL)
                killed.append(running.group)
    return killed
