"""Network namespaces, each a machine of its own, joined by veth pairs and a bridge."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tests.whole.needs import tool

T = TypeVar("T")
INTERFACE = "eth0"
NETWORK = "10.77.0"
_CLONE_NEWNET = 0x40000000  # setns(2)
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*words: str) -> str:
    """Run the ip command; raises CalledProcessError with what it said."""
    done = subprocess.run([tool("ip"), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A network namespace with a name. Mounts made by its processes are theirs alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")

    def command(self, *words: str) -> list[str]:
        """The command line that runs `words` inside; the process that it starts becomes `words`."""
        return [tool("ip"), "netns", "exec", self.name, *words]

    def run(self, *words: str, feed: str = "") -> str:
        """Run a command inside and give back its output. Raises CalledProcessError."""
        return subprocess.run(
            self.command(*words), input=feed, capture_output=True, text=True, check=True
        ).stdout

    def ip(self, *words: str) -> str:
        """Run the ip command inside."""
        return ip("-n", self.name, *words)

    def inside(self, work: Callable[[], T]) -> T:
        """Call a function in a thread that is inside; sockets that it opens stay inside for ever."""

        def entered() -> T:
            handle = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _libc.setns(handle, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"setns {self.name}")
            finally:
                os.close(handle)
            return work()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(entered).result()

    def udp(self, port: int) -> socket.socket:
        """A UDP socket inside that may broadcast, bound to all addresses and that port."""

        def make() -> socket.socket:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("", port))
            return made

        return self.inside(make)

    def remove(self) -> None:
        """Kill what still runs inside, whoever started it, and delete the namespace."""
        deadline = time.monotonic() + 10
        while (left := self.processes()) and time.monotonic() < deadline:
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)
        ip("netns", "del", self.name)

    def processes(self) -> list[int]:
        """The processes inside that are not dead yet; what is only not waited for does not count."""
        listed = [int(word) for word in ip("netns", "pids", self.name).split()]
        return [process for process in listed if process != os.getpid() and alive(process)]


class Network:
    """Machines on one bridge, which is in a namespace of its own: each has eth0 with an address."""

    def __init__(self, prefix: str, hosts: dict[str, int]) -> None:
        self._numbers = hosts
        self.hosts: dict[str, Namespace] = {}
        self._all: list[Namespace] = []
        try:
            self.hub = self._make(f"{prefix}-hub")
            self.hub.ip("link", "add", "bridge", "type", "bridge", "forward_delay", "0")
            self.hub.ip("link", "set", "bridge", "up")
            for host, number in hosts.items():
                self.hosts[host] = self._make(f"{prefix}-{host}")
                self.hub.ip("netns", "set", self.hosts[host].name, str(number))
                self.give_interface(host)
        except BaseException:
            self.remove()
            raise

    def numbers(self) -> dict[int, str]:
        """The hosts by the number under which the hub knows their namespaces."""
        return {number: host for host, number in self._numbers.items()}

    def address(self, host: str) -> str:
        """A host's own address."""
        return f"{NETWORK}.{self._numbers[host]}"

    def hardware(self, host: str) -> str:
        """The hardware address of a host's eth0."""
        return self.hosts[host].run("cat", f"/sys/class/net/{INTERFACE}/address").strip()

    def give_interface(self, host: str, number: int | None = None) -> None:
        """Make a host's eth0, with its own address or with another one, and plug it in."""
        inside = self.hosts[host].name
        self.hub.ip("link", "add", host, "type", "veth", "peer", "name", INTERFACE, "netns", inside)
        self.hub.ip("link", "set", host, "master", "bridge", "up")
        address = f"{NETWORK}.{number or self._numbers[host]}/24"
        ip("-n", inside, "addr", "add", address, "brd", "+", "dev", INTERFACE)
        ip("-n", inside, "link", "set", INTERFACE, "up")

    def take_interface(self, host: str) -> None:
        """Take a host's eth0 away, as if the card were pulled."""
        self.hub.ip("link", "del", host)

    def cut(self, *hosts: str) -> None:
        """Let nothing through to or from these hosts, somewhere beyond what their cards can see."""
        for host in hosts:
            self.hub.ip("link", "set", host, "nomaster")

    def heal(self, *hosts: str) -> None:
        """Let everything through again."""
        for host in hosts:
            self.hub.ip("link", "set", host, "master", "bridge")

    def unplug(self, *hosts: str) -> None:
        """Pull the cables of these hosts: their cards have no carrier."""
        for host in hosts:
            self.hub.ip("link", "set", host, "down")

    def plug(self, *hosts: str) -> None:
        """Plug them in again."""
        for host in hosts:
            self.hub.ip("link", "set", host, "up")

    def remove(self) -> None:
        """Delete all of it, and kill what still runs there."""
        while self._all:
            self._all.pop().remove()

    def _make(self, name: str) -> Namespace:
        made = Namespace(name)
        self._all.append(made)
        return made


def alive(process: int) -> bool:
    """Whether a process runs: one that ended and was not waited for does not (proc(5), stat)."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")
