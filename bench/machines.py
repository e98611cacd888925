"""Machines on one switch: network namespaces, each with eth0, joined by a bridge in another namespace.

Needs root and the command ip. Everything made here is taken away by `Machines.remove`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.figures import Unmeasured

NETWORK = "10.78.0"
INTERFACE = "eth0"
_CLONE_NEWNET = 0x40000000  # setns(2)
_libc = ctypes.CDLL(None, use_errno=True)


def tool(name: str, package: str) -> str:
    """The path of a command. Raises Unmeasured where it is not installed."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise Unmeasured(f"needs the command {name} (Debian's package {package})")
    return path


class Daemon:
    """A process in a machine, with all that it has started: a session of its own."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def reap(self) -> None:
        """Kill it, and see it gone."""
        self.kill()
        self._process.wait(10)


class Machines:
    """Machines by name and the last part of their address, and their `hub`.

    Raises Unmeasured where none can be made.
    """

    def __init__(self, prefix: str, numbers: dict[str, int]) -> None:
        if os.geteuid() != 0:
            raise Unmeasured("needs root, to make network namespaces")
        self._ip, self._prefix = tool("ip", "iproute2"), prefix
        self._stack = ExitStack()
        try:
            self._build(numbers)
        except BaseException:
            self.remove()
            raise

    def ip(self, machine: str, *words: str) -> str:
        """Run ip in a machine, or in the `hub`."""
        return self._run("-n", self._name(machine), *words)

    def inside(self, machine: str, *words: str) -> list[str]:
        """The command line that runs `words` in a machine; its process becomes theirs."""
        return [self._ip, "netns", "exec", self._name(machine), *words]

    def set(self, machine: str, key: str, value: str) -> None:
        """Set a parameter of a machine's kernel, by its path under /proc/sys."""
        command = self.inside(machine, "tee", f"/proc/sys/{key}")
        subprocess.run(command, input=value.encode(), stdout=subprocess.DEVNULL, check=True)

    def unplug(self, machine: str) -> None:
        """Pull its cable."""
        self.ip("hub", "link", "set", machine, "down")

    def plug(self, machine: str) -> None:
        """Put its cable in."""
        self.ip("hub", "link", "set", machine, "up")

    def udp(self, machine: str, port: int) -> socket.socket:
        """A UDP socket in a machine, bound to all its addresses."""

        def make() -> socket.socket:
            with Path(f"/run/netns/{self._name(machine)}").open() as handle:
                if _libc.setns(handle.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind(("", port))
            return made

        with ThreadPoolExecutor(1) as thread:  # a thread that has entered ends with its pool
            return self._stack.enter_context(thread.submit(make).result())

    def remove(self) -> None:
        """Take everything away."""
        self._stack.close()

    def _build(self, numbers: dict[str, int]) -> None:
        for machine in ("hub", *numbers):
            self._make(machine)
        self.ip("hub", "link", "add", "bridge", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.ip("hub", "link", "set", "bridge", "up")
        for machine, number in numbers.items():
            end = ("peer", "name", INTERFACE, "netns", self._name(machine))
            self.ip("hub", "link", "add", machine, "type", "veth", *end)
            self.ip("hub", "link", "set", machine, "master", "bridge", "up")
            self.ip(machine, "addr", "add", f"{NETWORK}.{number}/24", "brd", "+", "dev", INTERFACE)
            self.ip(machine, "link", "set", INTERFACE, "up")

    def _make(self, machine: str) -> None:
        self._run("netns", "add", self._name(machine))
        self._stack.callback(self._run, "netns", "del", self._name(machine))
        self.ip(machine, "link", "set", "lo", "up")

    def _name(self, machine: str) -> str:
        return f"{self._prefix}-{machine}"

    def _run(self, *words: str) -> str:
        done = subprocess.run([self._ip, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unmeasured(f"ip {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout
