"""One daemon for a node on a machine: an exclusive lock that the kernel drops when the daemon is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class NodeLocked(Exception):
    """Another daemon of this node runs here, or its lock cannot be had; the text is one line."""


class NodeLock:
    """Held for as long as this process lives, through a fork as well."""

    def __init__(self, path: Path) -> None:
        self._descriptor = _open(path)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise NodeLocked(
                f"{path}: another daemon of this node is running here; expected none, stop it first"
            ) from None

    def release(self) -> None:
        """Let another daemon have it."""
        os.close(self._descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _refuse_strangers(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NodeLocked(
            f"{path}: cannot be locked ({error.strerror}); expected a folder where this user may write, "
            "see `paths.run`"
        ) from None


def _refuse_strangers(folder: Path) -> None:
    """A folder of another user could be made to hold whatever that user likes."""
    owner = folder.stat().st_uid
    if owner not in (0, os.geteuid()):
        raise NodeLocked(f"{folder}: belongs to user {owner}; expected it to belong to root or to this user")
