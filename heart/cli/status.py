"""`heart status`: what the daemon on this node knows."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from heart.cli.asking import asking, say
from heart.cli.options import cluster_options, load_or_exit
from heart.control.client import ask


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON: see docs/status.md.")
@click.option("--watch", "again", is_flag=True, help="Again and again, until Ctrl-C.")
@cluster_options
def status(as_json: bool, again: bool, config: Path, node: str | None) -> None:
    """Show what the daemon knows of services, nodes and links.

    With --watch the screen is drawn anew each second, also while the daemon is being restarted. Where
    the output is no terminal, the status is printed each time that it has changed, and with --json each
    second, an object a line.
    """
    path = load_or_exit(config, node).socket()
    with asking():
        if again:
            from heart.cli.watch import watch

            watch(path, as_json=as_json)
            return
        answer = ask(path, {"command": "status"})
        say(json.dumps(answer, indent=2) if as_json else _text(answer))


def _text(answer: dict[str, Any]) -> str:
    from rich.console import Console  # not for --json, which scripts call often

    from heart.status.view import WIDTH, plain, render

    now = datetime.now(UTC)
    if not sys.stdout.isatty():
        return plain(answer, WIDTH, now)
    console = Console()
    with console.capture() as capture:
        console.print(render(answer, console.width, now))
    return capture.get().rstrip("\n")
