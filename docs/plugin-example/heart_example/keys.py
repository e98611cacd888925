"""What is wrong with the keys of these kinds, all of which are paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def check_paths(keys: Mapping[str, object], *names: str) -> Iterator[str]:
    """A line for each of these keys that is no absolute path, and for each key that is not among them.

    Whether anything is there is not looked at: the file is checked on other machines too, and disks stall.
    """
    for name in names:
        value = keys.get(name)
        if name not in keys:
            yield f"{name}: missing; expected an absolute path"
        elif not isinstance(value, str) or not value.startswith("/") or "\0" in value:
            yield f"{name}: expected an absolute path, not {value!r}"
    for key in keys:
        if key not in names:
            yield f"{key}: unknown key; expected {' or '.join(names)}"
