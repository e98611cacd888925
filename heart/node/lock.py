"""One daemon for a node on a machine: an exclusive lock that the kernel drops when the daemon is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from stat import S_ISLNK, S_IWGRP, S_IWOTH

OTHERS_WRITE = S_IWGRP | S_IWOTH


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
        path.parent.mkdir(mode=0o700 if os.geteuid() else 0o755, parents=True, exist_ok=True)
        _refuse_strangers(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NodeLocked(
            f"{path}: cannot be locked ({error.strerror}); expected a folder where this user may write, "
            "see `paths.run`"
        ) from None


def _refuse_strangers(folder: Path) -> None:
    """A folder that another user can write to could be made to hold whatever that user likes."""
    status = folder.lstat()
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & OTHERS_WRITE or S_ISLNK(status.st_mode):
        raise NodeLocked(
            f"{folder}: belongs to user {status.st_uid}, mode {status.st_mode & 0o7777:o}; expected a folder"
            " of root or of this user, no symbolic link, where no other user may write"
        )
