"""What the keys of the live view do: kill or revive a node, pause or resume it, cut or restore a wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from heart.demo.cluster import DemoCluster
from heart.demo.processes import NodeProcess
from heart.demo.wires import Wire


@dataclass(frozen=True, slots=True)
class Control:
    """A key; what it would do now, in a few words (none where that is nothing), and the doing of it."""

    key: str
    label: Callable[[], str]
    act: Callable[[], None]


def controls(cluster: DemoCluster) -> tuple[tuple[Control, ...], ...]:
    """All keys, in rows as they are shown."""
    alpha, beta = cluster.nodes.values()
    return (
        (_life("a", cluster, alpha), _rest("A", alpha), _wire("l", "the LAN", cluster.lan)),
        (_life("b", cluster, beta), _rest("B", beta), _wire("c", "the cable", cluster.cable)),
    )


def _life(key: str, cluster: DemoCluster, node: NodeProcess) -> Control:
    def act() -> None:
        if node.running:
            cluster.kill(node.name)
        else:
            node.start()

    return Control(key, lambda: f"{'kill' if node.running else 'revive'} {node.name}", act)


def _rest(key: str, node: NodeProcess) -> Control:
    def act() -> None:
        if node.paused:
            node.resume()
        else:
            node.pause()

    def label() -> str:
        return f"{'resume' if node.paused else 'pause'} {node.name}" if node.running else ""

    return Control(key, label, act)


def _wire(key: str, name: str, wire: Wire) -> Control:
    def act() -> None:
        if wire.whole:
            wire.cut()
        else:
            wire.restore()

    return Control(key, lambda: f"{'cut' if wire.whole else 'restore'} {name}", act)
