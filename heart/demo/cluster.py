"""The demo's cluster: its folder, its wires and its two nodes, made together and gone together."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

from heart.demo.folder import NODES, Folder
from heart.demo.processes import NodeProcess, end
from heart.demo.wires import SWITCH, Cable, Carrier, Lan


class DemoCluster:
    """Two nodes on a LAN and a cable; a context manager that leaves nothing behind.

    The folder stays where `keep` was set, so that logs can be read.
    """

    def __init__(self) -> None:
        self.keep = False
        self.nodes: dict[str, NodeProcess] = {}

    def __enter__(self) -> DemoCluster:
        with ExitStack() as undo:
            self.folder = Folder()
            undo.callback(self._remove_folder)
            self.lan = Lan()
            self.cable = Cable(*(self.folder.line(node) for node in NODES))
            carrier = Carrier(self.lan, self.cable)
            carrier.start()
            undo.callback(carrier.stop)
            self.folder.write(SWITCH, self.lan.port)
            self.nodes = {name: NodeProcess(name, self.folder) for name in NODES}
            undo.callback(end, list(self.nodes.values()))
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def start(self) -> None:
        """Start both nodes."""
        for node in self.nodes.values():
            node.start()

    def note(self, what: str, whom: str = "-") -> None:
        """Write a line of our own into the service's journal, between those of its script."""
        now = f"{datetime.now():%H:%M:%S.%f}"[:-3]  # noqa: DTZ005  # as the script's `date` has it
        with self.folder.journal.open("a") as journal:
            journal.write(f"{now} demo {what} {whom}\n")

    def kill(self, name: str) -> None:
        """Kill a node; the journal knows of it, because the service's script will not."""
        self.note("kill", name)
        self.nodes[name].kill()

    def _remove_folder(self) -> None:
        if not self.keep:
            shutil.rmtree(self.folder.path, ignore_errors=True)
