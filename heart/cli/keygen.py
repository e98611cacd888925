"""`heart keygen PATH`: make the key that all nodes of a cluster share."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from heart.config.problems import printable
from heart.keys import KeyFileError, write_new_key


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
def keygen(path: Path) -> None:
    """Make a key file at PATH, readable by its owner alone. It never overwrites one."""
    try:
        write_new_key(path)
    except KeyFileError as error:
        click.echo(printable(str(error)), err=True)
        sys.exit(1)
    click.echo(printable(str(path)))
    click.echo("Copy this file to every node, with mode 0600, and name it in `key_file` of heart.toml.")
    click.echo("Whoever has it can speak for the cluster: send it by scp or on a stick, not by mail.")
