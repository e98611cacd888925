"""`heart demo`: two real nodes on this machine, to be killed and cut off by key, or in a fixed story."""

from __future__ import annotations

import os
import sys

import click

from heart.cli.options import complain
from heart.demo.interruption import Interrupted, Interruption


@click.command()
@click.option("--act", is_flag=True, help="Play a fixed story and print its timeline; no terminal is needed.")
def demo(act: bool) -> int:
    """Show two nodes, alpha and beta, on a LAN and a null-modem cable that can be cut.

    Needs neither root nor a network. Without a terminal it plays the story of --act, and exits with 0
    only if each step came out as it must.
    """
    with Interruption() as interruption:
        try:
            return _play(interruption) if act or not _has_terminal() else _show(interruption)
        except Interrupted as signal:
            complain(f"heart: the demo was ended by {signal}")
            return 1


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _play(interruption: Interruption) -> int:
    from heart.demo.act import Act, StepFailed
    from heart.demo.cluster import DemoCluster

    with DemoCluster() as cluster:
        try:
            Act(cluster, interruption, click.echo).play()
        except StepFailed as error:
            cluster.keep = True
            complain(f"FAILED: {error}; the logs are in {cluster.folder.path}")
            return 1
    return 0


def _show(interruption: Interruption) -> int:
    from heart.demo.cluster import DemoCluster
    from heart.demo.screen import Screen  # it needs rich, which takes long to import

    with DemoCluster() as cluster:
        Screen(cluster, interruption).run()
    return 0
