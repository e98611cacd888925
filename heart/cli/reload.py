"""`heart reload`: the running daemon takes up what its files say now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from heart.cli.asking import PATIENCE, asking, conclude, order, running_socket, say
from heart.cli.options import cluster_options, complain, load_or_exit
from heart.config.problems import printable


@click.command()
@cluster_options
def reload(config: Path, node: str | None) -> None:
    """Have the daemon take up its changed files: heart.toml and the key file.

    Prints what has changed. A wrong file is refused, and the daemon goes on with what it has.
    See `heart check --against-running` for what would change.
    """
    try:
        configuration = load_or_exit(config, node)
    except SystemExit:
        complain("nothing is reloaded: the running configuration stays in force")
        raise
    with asking():
        path = running_socket(configuration)
        # It listens for `dead` before a key is taken away.
        patience = PATIENCE + configuration.timing.dead
        answer = order(path, {"command": "reload"}, "the daemon reloads all the same: see its log", patience)
        for line in _lines(answer, "changes"):
            say(printable(line))
        for line in _lines(answer, "warnings"):
            complain(f"warning: {line}")
        for line in _lines(answer, "errors"):
            complain(line)
        conclude(answer)


def _lines(answer: dict[str, Any], key: str) -> Iterator[str]:
    lines = answer.get(key)
    return map(str, lines) if isinstance(lines, list) else iter(())
