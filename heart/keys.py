"""The key file: lines `ID HEX`, of which the first signs and all verify.

Several keys make it possible to change the key of a running cluster with no beat refused: add the new
one below the old on every node, then move it to the top on every node, then take the old one away.
Key material never appears in an error, a log or a `repr`.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

SHORTEST = 32  # bytes
LONGEST = 64  # bytes, the most that BLAKE2b takes (RFC 7693 section 2.1)
LARGEST_FILE = 65_536  # bytes
MOST_MARKS = 4

_ID = re.compile(r"[0-9]{1,3}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_OTHERS = 0o077  # what group and others may do


class KeyFileError(Exception):
    """The key file cannot be used or written; the text is one line that shows no key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a cluster by their ids (0 to 255), and the id of the one that signs."""

    keys: Mapping[int, bytes] = field(repr=False)
    signing: int


def marks(keys: Keys) -> tuple[int, ...]:
    """By what nodes tell each other which keys they have: a 32-bit hash of each, the signing one's first.

    It is BLAKE2b (RFC 7693) of the id, keyed with the key; the key cannot be told from it. At most
    MOST_MARKS.
    """
    ids = sorted(keys.keys, key=lambda key_id: (key_id != keys.signing, key_id))
    return tuple(_mark(key_id, keys.keys[key_id]) for key_id in ids[:MOST_MARKS])


def _mark(key_id: int, key: bytes) -> int:
    summed = blake2b(bytes((key_id,)), digest_size=4, key=key, person=b"heart key mark")
    return int.from_bytes(summed.digest(), "big")


def load_keys(path: Path) -> Keys:
    """The keys in the file. Raises KeyFileError where it is missing, malformed or open to others."""
    try:
        # Not to be held up by a pipe, nor given a terminal, by a path that is no file.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            _check_access(path, os.fstat(opened.fileno()))
            content = opened.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise KeyFileError(
            f"{path} is missing; make it once with `heart keygen {path}` and copy it to every node"
        ) from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}; expected a key file") from None
    if len(content) > LARGEST_FILE:
        raise KeyFileError(f"{path}: expected a key file of at most {LARGEST_FILE} bytes")
    return _parse(path, content)


def write_new_key(path: Path) -> None:
    """Write a key file with one random key, readable by its owner alone; never over another file.

    Raises KeyFileError; what was begun is removed again.
    """
    content = f"# Heart's key: the same file on every node, mode 0600.\n1 {secrets.token_hex(SHORTEST)}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{path} exists already and is left as it is; expected a path where nothing is"
        ) from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            os.fchmod(opened.fileno(), 0o600)  # an odd umask may have taken the owner's rights
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise KeyFileError(f"{path} cannot be written: {error.strerror}") from None


def _check_access(path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"{path} is not a file; expected a key file")
    if status.st_uid not in (0, os.geteuid()):
        owner = "root" if os.geteuid() == 0 else f"root or user {os.geteuid()}"
        raise KeyFileError(f"{path} belongs to user {status.st_uid}; expected it to belong to {owner}")
    if mode & _OTHERS:
        raise KeyFileError(
            f"{path} is open to group or others (mode {mode:04o}); expected mode 0600: chmod 600 {path}"
        )


def _parse(path: Path, content: bytes) -> Keys:
    try:
        lines = content.decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise KeyFileError(f"{path} is not plain text; expected lines of ID and HEX") from None
    keys: dict[int, bytes] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words:
            key_id, key = _parse_line(f"{path} line {number}", words)
            if key_id in keys:
                raise KeyFileError(
                    f"{path} line {number}: key {key_id} is there already; expected each id once"
                )
            keys[key_id] = key
    if not keys:
        raise KeyFileError(f"{path} holds no key; expected lines of ID and HEX")
    return Keys(MappingProxyType(keys), next(iter(keys)))


def _parse_line(place: str, words: list[str]) -> tuple[int, bytes]:
    if len(words) != 2 or not _ID.fullmatch(words[0]) or int(words[0]) > 255:
        raise KeyFileError(f"{place}: expected an id from 0 to 255, a space, and the key in hex digits")
    if not _HEX.fullmatch(words[1]) or len(words[1]) % 2:
        raise KeyFileError(f"{place}: expected the key in pairs of hex digits")
    size = len(words[1]) // 2
    if not SHORTEST <= size <= LONGEST:
        raise KeyFileError(f"{place}: expected a key of {SHORTEST} to {LONGEST} bytes, not {size}")
    return int(words[0]), bytes.fromhex(words[1])
