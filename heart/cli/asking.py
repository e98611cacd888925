"""What the subcommands that ask the daemon share: how they end when it does not answer, and their output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from heart.cli.options import complain
from heart.config.model import Configuration
from heart.config.problems import printable
from heart.control.client import DaemonRefused, DaemonUnreachable, ask

REFUSED = 1
UNREACHABLE = 3

PATIENCE = 75.0
"""Seconds for which an order's answer is waited for; the core gives up after 60 (its PATIENCE)."""


@contextmanager
def asking() -> Iterator[None]:
    """Around asking the daemon and printing its answer: each way in which that ends has its exit code.

    A reader of our output that has seen enough (`| head`) ends the command quietly.
    """
    try:
        yield
        sys.stdout.flush()
    except DaemonUnreachable as error:
        complain(str(error))
        sys.exit(UNREACHABLE)
    except DaemonRefused as error:
        complain(f"the daemon refused: {error}")
        sys.exit(REFUSED)
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go, and the interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def order(path: Path, request: dict[str, Any], meanwhile: str, patience: float = PATIENCE) -> dict[str, Any]:
    """The answer to an order; raises DaemonUnreachable or DaemonRefused.

    Whoever does not wait until it comes is told what becomes of the order `meanwhile`.
    """
    # One that is stopped or hung would carry the order out whenever it wakes: it is not given to that one.
    ask(path, {"command": "status"})
    try:
        answer = ask(path, request, patience)
    except KeyboardInterrupt:
        complain(f"not waited for: {meanwhile}")
        sys.exit(REFUSED)
    except DaemonUnreachable as error:
        complain(f"{error}; perhaps {meanwhile}")
        sys.exit(UNREACHABLE)
    if isinstance(answer, dict) and isinstance(answer.get("done"), bool) and "text" in answer:
        return answer
    raise DaemonRefused("it does not say whether it is done; expected a daemon of this version")


def conclude(answer: dict[str, Any]) -> None:
    """Tell how an order has ended, and end with 1 where it is not done."""
    if not answer["done"]:
        complain(str(answer["text"]))
        sys.exit(REFUSED)
    say(printable(str(answer["text"])))


def running_socket(configuration: Configuration) -> Path:
    """The socket of the daemon that runs with this file; it bears the cluster's name of its start."""
    path = configuration.socket()
    others = () if path.exists() else sorted(path.parent.glob(f"*.{configuration.node}.sock"))
    return next((other for other in others if _reads(other, configuration.file)), path)


def _reads(path: Path, file: Path) -> bool:
    try:
        answer = ask(path, {"command": "configuration"})
    except (DaemonUnreachable, DaemonRefused):
        return False
    return isinstance(answer, dict) and answer.get("file") == str(file)


def say(text: str) -> None:
    """A line to standard output at once, whatever of it the terminal's encoding has letters for."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(text.encode(encoding, "replace").decode(encoding))
