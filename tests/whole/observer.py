"""Who holds the service, seen from outside: by the kernel's own word, the script's journal, and a client."""

from __future__ import annotations

import errno
import select
import socket
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_SOL_NETLINK = 270  # the numbers of netlink(7) and rtnetlink(7) that Python does not know
_LISTEN_ALL_NSID = 8
_GROUPS = 0x10 | 0x100  # of addresses, IPv4 and IPv6
_NEWADDR, _DELADDR = 20, 21
_ADDRESS, _LOCAL = 1, 2
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_BEFORE_ATTRIBUTES = _HEADER.size + 8  # nlmsghdr, ifaddrmsg
POLL = 0.05


@dataclass(frozen=True)
class Change:
    """An address came to a host or went from it, at that monotonic time."""

    at: float
    host: str
    held: bool


def holders_after(changes: Iterable[Change]) -> list[frozenset[str]]:
    """Who held the address after each change, in the kernel's order."""
    holders: set[str] = set()
    seen = []
    for change in changes:
        (holders.add if change.held else holders.discard)(change.host)
        seen.append(frozenset(holders))
    return seen


class AddressWatch:
    """Hears from the kernel of every change of one address in the namespaces that the hub knows.

    One socket hears all of them (NETLINK_LISTEN_ALL_NSID), so what comes first has happened first.
    """

    def __init__(self, made: socket.socket, hosts: Mapping[int, str], address: str) -> None:
        self._socket = made
        self._hosts = hosts
        self._address = ip_address(address).packed
        self._lock = threading.Lock()
        self._changes: list[Change] = []
        self._deaf = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="addresses", daemon=True)
        self._thread.start()

    @staticmethod
    def make_socket() -> socket.socket:
        """The socket; to be made inside the hub."""
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        made.setsockopt(_SOL_NETLINK, _LISTEN_ALL_NSID, 1)
        made.bind((0, _GROUPS))
        return made

    def changes(self) -> list[Change]:
        """All changes so far. Raises AssertionError where one was missed."""
        with self._lock:
            assert not self._deaf, "the kernel had more to tell than was listened to"
            return list(self._changes)

    def holders(self) -> frozenset[str]:
        """Who has the address now."""
        return next(reversed(holders_after(self.changes())), frozenset())

    def ever_two(self) -> bool:
        """Whether two hosts ever had the address at once."""
        return any(len(holders) > 1 for holders in holders_after(self.changes()))

    def close(self) -> None:
        """Listen no more."""
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._socket], [], [], POLL)[0]:
                continue
            try:
                data, ancillary, _, _ = self._socket.recvmsg(1 << 16, socket.CMSG_SPACE(4))
            except OSError as error:
                self._deaf |= error.errno == errno.ENOBUFS
                continue
            host = self._hosts.get(next((struct.unpack("=i", word)[0] for _, _, word in ancillary), -1))
            if host is not None:
                self._take(data, host)

    def _take(self, data: bytes, host: str) -> None:
        now = time.monotonic()
        while len(data) >= _HEADER.size:
            length, kind, _, _, _ = _HEADER.unpack_from(data)
            if kind in (_NEWADDR, _DELADDR) and _local_address(data[:length]) == self._address:
                with self._lock:
                    self._changes.append(Change(now, host, kind == _NEWADDR))
            data = data[(length + 3) & ~3 :]


def _local_address(message: bytes) -> bytes | None:
    """IPv6 has the second attribute alone."""
    rest = message[_BEFORE_ATTRIBUTES:]
    found = {}
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        found[kind] = rest[_ATTRIBUTE.size : length]
        rest = rest[max(_ATTRIBUTE.size, (length + 3) & ~3) :]
    return found.get(_LOCAL, found.get(_ADDRESS))


@dataclass(frozen=True)
class Entry:
    """One line of the journal: a script began to start (`start`), or has stopped (`stop`)."""

    node: str
    action: str
    term: int
    reason: str
    previous: str


def read_journal(path: Path) -> list[Entry]:
    """The journal's lines, in the order in which they were written."""
    entries = []
    for line in path.read_text().splitlines():
        node, action, term, reason, *previous = line.split()
        entries.append(Entry(node, action, int(term), reason, "".join(previous)))
    return entries


def overlaps(entries: Iterable[Entry]) -> list[Entry]:
    """The starts that were made while the script of another node was not stopped yet."""
    running: set[str] = set()
    found = []
    for entry in entries:
        if entry.action == "start":
            if running - {entry.node}:
                found.append(entry)
            running.add(entry.node)
        else:
            running.discard(entry.node)
    return found


class Answerers:
    """In each host a UDP service that says the host's name to whoever asks, at whatever address."""

    def __init__(self, sockets: Mapping[str, socket.socket]) -> None:
        self._sockets = {made: host for host, made in sockets.items()}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="answerers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._ended.set()
        self._thread.join()
        for made in self._sockets:
            made.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            for made in select.select(list(self._sockets), [], [], POLL)[0]:
                try:
                    data, sender = made.recvfrom(64)
                    made.sendto(data + self._sockets[made].encode(), sender)
                except OSError:  # its cable is out: the client will ask again
                    continue


class Client:
    """Asks at the service's address, and hears which host answers there."""

    def __init__(self, made: socket.socket, target: tuple[str, int]) -> None:
        self._socket = made
        self._target = target
        self._asked = 0

    def who(self, patience: float = 0.2) -> str | None:
        """The host that answers at the address now; None where none does within `patience` seconds."""
        self._asked += 1
        question = b"%08d " % self._asked
        deadline = time.monotonic() + patience
        try:
            self._socket.sendto(question, self._target)
            while (left := deadline - time.monotonic()) > 0 and select.select([self._socket], [], [], left)[
                0
            ]:
                answer = self._socket.recv(64)
                if answer.startswith(question):
                    return answer.removeprefix(question).decode()
        except OSError:  # the host behind the address is not to be found: no answer
            return None
        return None

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()
