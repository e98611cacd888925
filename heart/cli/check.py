"""`heart check [PATH]`: whether a configuration is good, and what it means on this node.

With --against-running it says instead what the running daemon would change if it took it up now.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from heart.cli.asking import asking, running_socket, say
from heart.cli.foresight import foresee
from heart.cli.options import cluster_options, complain, reachable, refuse
from heart.cli.summary import summary
from heart.config import ConfigurationErrors, load
from heart.config.meaning import Meaning, changes
from heart.config.model import Configuration
from heart.control.client import DaemonRefused, ask


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@cluster_options
@click.option(
    "--against-running",
    is_flag=True,
    help="Say what a reload would change in the daemon, and what follows; keys are not compared.",
)
@click.pass_context
def check(
    ctx: click.Context, path: Path | None, config: Path, node: str | None, against_running: bool
) -> None:
    """Say whether the configuration at PATH is good, and what it means for this node."""
    if path is not None and ctx.get_parameter_source("config") is not ParameterSource.DEFAULT:
        raise click.UsageError("Expected PATH or --config, not both.", ctx)
    try:
        configuration = load(path or config, node, elsewhere=True)
    except ConfigurationErrors as errors:
        refuse(errors)
    for line in configuration.warnings:
        complain(f"warning: {line}")
    if against_running:
        with asking():
            _compare(configuration)
        return
    for line in summary(configuration):
        click.echo(line)


def _compare(configuration: Configuration) -> None:
    """Ask the daemon what it runs with, and say what would change, and what that means."""
    running = ask(running_socket(reachable(configuration)), {"command": "configuration"})
    old = _meaning(running)
    read = running.get("file")
    if read != str(configuration.file):
        complain(
            f"warning: the daemon reads {read}: `heart reload` would take up that, not {configuration.file}"
        )
    told = changes(old, configuration.meaning)
    for line in told:
        say(line)
    for line in foresee(old, configuration.meaning):
        say(f"then: {line}")
    if not told:
        say("nothing would change")
    if old.get("cluster", configuration.cluster) != configuration.cluster:
        complain("warning: cluster: a reload cannot change it; stop the daemon, then start it")


def _meaning(running: Any) -> Meaning:
    """What the daemon runs with, key by key. Raises DaemonRefused where it does not say."""
    meaning = running.get("meaning") if isinstance(running, dict) else None
    if not isinstance(meaning, dict):
        raise DaemonRefused("it does not tell what it runs with; expected one of this version")
    return {str(key): str(value) for key, value in meaning.items()}
