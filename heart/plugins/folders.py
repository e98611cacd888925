"""Who may change a folder of plug-ins: a daemon that runs as root runs whatever lies there."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

ROOT = 0
_GROUP_OF_ROOT = 0


def risk(folder: Path, owner: int = ROOT) -> str | None:
    """Where and how others than `owner` could bring code into this folder: a line; None where nobody can.

    Looked at are the modules and the cache in it, the folder, and all folders above it.
    """
    try:
        place = folder.resolve()
        risks = (_risk(path, owner, above=path in place.parents) for path in _parts(place))
        return next((found for found in risks if found is not None), None)
    except OSError as error:
        return f"{folder}: {error.strerror}"


def _parts(place: Path) -> Iterator[Path]:
    yield place
    yield from place.parents
    yield from (
        path for path in sorted(place.iterdir()) if path.suffix == ".py" or path.name == "dropin.cache"
    )


def _risk(path: Path, owner: int, *, above: bool) -> str | None:
    found = path.stat()
    if found.st_uid not in (ROOT, owner):
        return f"{path} belongs to user {found.st_uid}"
    if above and found.st_mode & stat.S_ISVTX:  # as /tmp: what others do there leaves ours alone
        return None
    if found.st_mode & stat.S_IWOTH:
        return f"{path} can be changed by everybody"
    if found.st_mode & stat.S_IWGRP and found.st_gid != _GROUP_OF_ROOT:
        return f"{path} can be changed by group {found.st_gid}"
    return None
