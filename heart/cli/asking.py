"""What the subcommands that ask the daemon share: how they end when it does not answer, and their output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from heart.cli.options import complain
from heart.control.client import DaemonRefused, DaemonUnreachable

REFUSED = 1
UNREACHABLE = 3


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


def say(text: str) -> None:
    """A line to standard output at once, whatever of it the terminal's encoding has letters for."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(text.encode(encoding, "replace").decode(encoding))
