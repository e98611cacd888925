"""The live view of the demo, and what its keys do."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console
from rich.live import Live

from heart.demo.cluster import DemoCluster
from heart.demo.controls import controls
from heart.demo.folder import NODES
from heart.demo.interruption import Interruption
from heart.demo.journal import holders, parse
from heart.demo.keyboard import END, Keyboard
from heart.demo.observer import Observer
from heart.demo.processes import NodeProcess
from heart.demo.timeline import moment, tell, worth_telling
from heart.demo.view import NodePicture, Picture, draw

REDRAW = 0.2
"""Seconds between two pictures."""

ASK = 0.2  # seconds between two questions to a node
SHOWN = 100  # the most lines of what happened


class Asking:
    """A context in which each node is asked by a thread of its own: one that hangs holds up nothing."""

    def __init__(self, observer: Observer, nodes: Mapping[str, NodeProcess]) -> None:
        self._observer = observer
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(node,), name=f"asks {node.name}", daemon=True)
            for node in nodes.values()
        ]

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, node: NodeProcess) -> None:
        while not self._stop.wait(ASK):
            if node.answers:
                self._observer.refresh(node.name)
            else:
                self._observer.forget(node.name)


class Screen:
    """The live view; to be run in the main thread."""

    def __init__(self, cluster: DemoCluster, interruption: Interruption) -> None:
        self._cluster = cluster
        self._interruption = interruption
        self._observer = Observer({name: cluster.folder.socket(name) for name in NODES})
        self._rows = controls(cluster)
        self._done: deque[tuple[datetime, str]] = deque(maxlen=SHOWN)

    def run(self) -> None:
        """Start the nodes and show them until the user has seen enough; raises Interrupted."""
        console = Console()
        self._cluster.start()
        with (
            Keyboard() as keyboard,
            Asking(self._observer, self._cluster.nodes),
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            while self._interruption.by is not signal.SIGINT:
                self._interruption.check()
                size = console.size
                live.update(
                    draw(self._picture(), size.width, size.height, console.options.ascii_only), refresh=True
                )
                keys = keyboard.wait(REDRAW)
                if END in keys:
                    return
                self._press(keys)

    def _press(self, keys: str) -> None:
        """Do what the keys say, in the order in which they were pressed."""
        controls = {control.key: control for row in self._rows for control in row}
        for control in (controls[key] for key in keys if key in controls):
            if label := control.label():
                self._done.append((datetime.now(UTC), f"you {label}"))
                control.act()

    def _picture(self) -> Picture:
        statuses = self._observer.statuses
        holding = holders(parse(self._cluster.folder.journal.read_text()))
        return Picture(
            nodes=[
                NodePicture(
                    node.name,
                    node.state,
                    node.pid,
                    statuses[node.name] if node.answers else None,
                    node.name in holding,
                )
                for node in self._cluster.nodes.values()
            ],
            wires={"LAN": self._cluster.lan.whole, "cable": self._cluster.cable.whole},
            happened=self._happened(),
            keys=[[(control.key, control.label()) for control in row] for row in self._rows]
            + [[(END, "quit")]],
            folder=str(self._cluster.folder.path),
        )

    def _happened(self) -> list[str]:
        """What the nodes told and what the user did, by time of day."""
        told = [(moment(event), tell(event)) for event in self._observer.events if worth_telling(event)]
        return [
            f"{at.astimezone():%H:%M:%S.%f}"[:-3] + f"  {text}"
            for at, text in sorted([*told[-SHOWN:], *self._done])
        ]
