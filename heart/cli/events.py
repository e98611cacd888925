"""`heart events`: what happened, from the daemon's history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from heart.cli.asking import asking, say
from heart.cli.options import cluster_options, load_or_exit
from heart.control.client import DaemonUnreachable, ask_lines
from heart.events.text import event_line


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object a line: see docs/events.md.")
@click.option("--follow", is_flag=True, help="Go on with new events as they come, until Ctrl-C.")
@cluster_options
def events(as_json: bool, follow: bool, config: Path, node: str | None) -> None:
    """Show what happened, the oldest first."""
    path = load_or_exit(config, node).socket()
    with asking():
        try:
            _show(_ask(path, follow), as_json)
        except KeyboardInterrupt:
            return
        if follow:
            raise DaemonUnreachable(path, "the daemon has ended")


def _ask(path: Path, follow: bool) -> Iterable[Any]:
    answer = ask_lines(path, {"command": "events", "follow": follow}, patient=follow)
    # Taken whole before it is printed: a pager that waits for a key must not make the daemon wait.
    return answer if follow else list(answer)


def _show(history: Iterable[Any], as_json: bool) -> None:
    for event in history:
        say(json.dumps(event) if as_json else event_line(event))
