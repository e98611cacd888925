"""What an operator orders at any node: `heart move`, `standby`, `active`, `retry` and `set`.

Each waits until the order has had its effect, and says so, or why it has none.
"""

from __future__ import annotations

from pathlib import Path

import click

from heart.cli.asking import asking, conclude, order
from heart.cli.options import cluster_options, load_or_exit


@click.command()
@click.argument("service")
@click.argument("target", metavar="[NODE]", default="")
@cluster_options
def move(service: str, target: str, config: Path, node: str | None) -> None:
    """Move SERVICE to NODE, or else to the next node in its order of preference that can hold it.

    It stays there: it is moved once, and no preference is changed.
    """
    _give(config, node, "move", service, target)


@click.command()
@click.argument("standby_node", metavar="NODE")
@cluster_options
def standby(standby_node: str, config: Path, node: str | None) -> None:
    """Have NODE hold nothing: what it holds moves away, and nothing comes until `heart active NODE`.

    Its daemon goes on beating. It stays in standby when it is started anew, and can be put there while
    it is away.
    """
    _give(config, node, "standby", standby_node)


@click.command()
@click.argument("active_node", metavar="NODE")
@cluster_options
def active(active_node: str, config: Path, node: str | None) -> None:
    """End the standby of NODE: it may hold services again. What has moved away stays where it is."""
    _give(config, node, "active", active_node)


@click.command()
@click.argument("service")
@cluster_options
def retry(service: str, config: Path, node: str | None) -> None:
    """Forget the failures of SERVICE on all nodes, once what was wrong is mended: it may be held again."""
    _give(config, node, "retry", service)


@click.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("value")
@cluster_options
def set_attribute(name: str, value: str, config: Path, node: str | None) -> None:
    """Set NAME to VALUE on this node: known to all nodes, and to scripts as HEART_ATTRIBUTES.

    An empty VALUE ('') removes NAME.
    """
    _give(config, node, "set", name, value)


def _give(config: Path, node: str | None, command: str, subject: str, value: str = "") -> None:
    path = load_or_exit(config, node).socket()
    request = {"command": command, "subject": subject, "value": value}
    with asking():
        conclude(order(path, request, "the order stands: see heart status"))
