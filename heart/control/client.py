"""Asking the daemon: plain blocking sockets with deadlines, for the commands of `heart`."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from heart.control.protocol import Request, encode_line

TIMEOUT = 5.0
"""How long a daemon may be silent, in seconds, before it counts as unreachable."""

_WHY = {
    errno.ENOENT: "there is no such socket; is the daemon running?",
    errno.ECONNREFUSED: "nobody listens there; is the daemon running?",
    errno.EACCES: "permission denied; run this as root or as a member of the group heart",
    errno.EAGAIN: "it takes no connections; is the daemon stopped or hung?",
}


class DaemonUnreachable(Exception):
    """The daemon cannot be reached, or does not answer; the text is one line with the path and why."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class DaemonRefused(Exception):
    """The daemon answered with an error; the text is its reason, one line."""


def ask(path: Path, request: Request, timeout: float = TIMEOUT) -> Any:
    """The daemon's one answer to a request; raises DaemonUnreachable or DaemonRefused."""
    for answer in ask_lines(path, request, timeout):
        return answer
    raise DaemonUnreachable(path, "the daemon closed the connection without an answer")


def ask_lines(
    path: Path, request: Request, timeout: float = TIMEOUT, *, patient: bool = False
) -> Iterator[Any]:
    """Each line of the daemon's answer as it comes; raises DaemonUnreachable or DaemonRefused.

    With `patient` the lines may be any time apart, as those of an answer that follows events are.
    """
    with closing(_connect(path, timeout)) as connection:
        try:
            with suppress(BrokenPipeError):  # one that takes no more connections says so at once, and closes
                connection.sendall(encode_line(request))
            connection.settimeout(None if patient else timeout)
            for line in _lines(connection):
                yield _answer(path, line)
        except TimeoutError:
            why = f"no answer within {timeout:g} s; is the daemon stopped or hung?"
            raise DaemonUnreachable(path, why) from None
        except OSError as error:
            raise DaemonUnreachable(path, f"the connection was lost: {_strerror(error)}") from None


def _connect(path: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        why = _WHY.get(error.errno or 0) or f"cannot connect: {_strerror(error)}"
        raise DaemonUnreachable(path, why) from None
    return connection


def _lines(connection: socket.socket) -> Iterator[bytes]:
    """Whole lines; what is left behind by a daemon that died in the middle of one is none."""
    pieces: list[bytes] = []
    while data := connection.recv(64 * 1024):
        first, *others = data.split(b"\n")
        pieces.append(first)
        for piece in others:
            yield b"".join(pieces)
            pieces = [piece]


def _answer(path: Path, line: bytes) -> Any:
    try:
        answer = json.loads(line)
    except ValueError:
        raise DaemonUnreachable(path, "what answers there is not a daemon of Heart") from None
    if isinstance(answer, dict) and answer.keys() == {"error"}:
        raise DaemonRefused(str(answer["error"]))
    return answer


def _strerror(error: OSError) -> str:
    return error.strerror or str(error)
