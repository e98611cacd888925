"""What subcommands share: the options that say which cluster and node, and lines for standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from heart.config import ConfigurationErrors, load, this_machine
from heart.config.machine import SYSTEM
from heart.config.model import Configuration
from heart.config.problems import printable

DEFAULT_CONFIG = Path("/etc/heart/heart.toml")

F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    metavar="PATH",
    help="The configuration file.",
)
node_option = click.option(
    "--node",
    "node",
    metavar="NAME",
    help="Which node this is; unless said, the one named like this machine.",
)


def cluster_options(command: F) -> F:
    """Give a command the options --config and --node, as its arguments `config` and `node`."""
    return config_option(node_option(command))


def load_or_exit(config: Path, node: str | None) -> Configuration:
    """The configuration for a command that asks the daemon; where it is wrong, its lines and exit code 1.

    The key is not looked at, and the paths are those of root's daemon where this user has none running.
    """
    try:
        return reachable(load(config, node, this_machine(), judge_key=False))
    except ConfigurationErrors as errors:
        refuse(errors)


def reachable(configuration: Configuration) -> Configuration:
    """With root's paths where this user has no daemon: the members of the group `heart` may ask root's."""
    of_root = replace(configuration, paths=SYSTEM)
    by_default = configuration.paths.run == this_machine().paths.run
    if by_default and not os.path.lexists(configuration.socket()) and os.path.lexists(of_root.socket()):
        return of_root
    return configuration


def refuse(errors: ConfigurationErrors) -> NoReturn:
    """Say what is wrong with a configuration, a line for each fault, and exit with code 1."""
    for line in errors.lines:
        complain(line)
    sys.exit(1)


def complain(line: str) -> None:
    """One line to standard error, and never more than one, whatever stands in it."""
    click.echo(printable(line), err=True)
