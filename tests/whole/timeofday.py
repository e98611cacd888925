"""Daemons whose time of day is another: libfaketime, which leaves the monotonic clocks alone."""

from __future__ import annotations

from pathlib import Path

from tests.whole import needs
from tests.whole.nodes import Node


class FakedClocks:
    """The times of day of nodes, each in a file beside its configuration."""

    def __init__(self) -> None:
        self._faked: list[int] = []

    def set(self, node: Node, seconds: int) -> None:
        """Set a node's time of day so many seconds ahead of ours; never is there half a file."""
        draft = _clock_file(node).with_suffix(".new")
        draft.write_text(f"{seconds:+d}\n")
        draft.rename(_clock_file(node))

    def start(self, node: Node) -> None:
        """Start a node whose time of day follows what is set."""
        settings = {
            "LD_PRELOAD": str(needs.faketime_library()),
            "FAKETIME_TIMESTAMP_FILE": str(_clock_file(node)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # which breaks how threads wait where nothing is broken
        }
        node.start(under=("env", *(f"{name}={value}" for name, value in settings.items())))
        self._faked.append(node.pid)

    def sweep(self) -> None:
        """The library leaves two files for each process that was under it; they are dead by now."""
        for left in Path("/dev/shm").glob("*faketime_s*_*"):
            if int(left.name.rpartition("_")[2]) in self._faked:
                left.unlink()


def _clock_file(node: Node) -> Path:
    return node.config.with_name(f"{node.name}.clock")
