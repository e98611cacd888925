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

WIDTH = 80  # columns, where there is no terminal to say


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object: see docs/status.md.")
@cluster_options
def status(as_json: bool, config: Path, node: str | None) -> None:
    """Show what the daemon knows of nodes, links and services."""
    path = load_or_exit(config, node).socket()
    with asking():
        answer = ask(path, {"command": "status"})
        say(json.dumps(answer, indent=2) if as_json else _text(answer))


def _text(answer: dict[str, Any]) -> str:
    from rich.console import Console  # not for --json, which scripts call often

    from heart.status_view import plain, render

    now = datetime.now(UTC)
    if not sys.stdout.isatty():
        return plain(answer, WIDTH, now)
    console = Console()
    with console.capture() as capture:
        console.print(render(answer, console.width, now))
    return capture.get().rstrip("\n")
