"""Kinds that plug-ins bring, as the file chooses them: which there are, and what they say of their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from heart.config.problems import listed
from heart.config.reading import Table
from heart.config.values import Unfit

What = Literal["link", "resource", "arbiter"]

_MOST_LINES = 50


def kind_of(built_in: tuple[str, ...], what: What) -> Callable[[object], str]:
    """A converter for the key `kind`: a kind that is built in, or one that an installed plug-in brings.

    What is built in cannot be replaced by a plug-in.
    """

    def convert(value: object) -> str:
        if isinstance(value, str) and value in built_in:
            return value
        installed = _installed(what)
        if isinstance(value, str) and value in installed:
            return value
        advice = _advice() if isinstance(value, str) else ""
        raise Unfit(" or ".join(f'"{word}"' for word in dict.fromkeys((*built_in, *installed))), advice)

    return convert


def _advice() -> str:
    from heart.plugins import left_out

    broken = left_out()
    return "no such kind is installed" + (f"; left out as broken: {listed(broken, most=4)}" if broken else "")


def check_keys(
    table: Table, what: What, kind: str, keys: Mapping[str, object], base: Table | None = None
) -> None:
    """Note what a plug-in finds wrong with its keys. One that fails over them is at fault itself.

    `table` says them; those that it does not say come from `base`, where there is one.
    """
    for line in _ask(what, kind, keys):
        key, colon, text = line.partition(": ")
        words = key.split(".")
        where = base if base is not None and not table.said(words[0]) and base.said(words[0]) else table
        if colon and all(words) and " " not in key:
            where.problems.error((*where.path, *words), text)
        else:
            table.problems.error(table.path, line)


def _ask(what: What, kind: str, keys: Mapping[str, object]) -> list[str]:
    """The lines that the plug-in of that kind has to say of these keys, or what is wrong with the plug-in."""
    from heart.plugins import find  # only who has plug-ins pays for looking for them
    from heart.plugins.shelter import one_line, own_copy

    provider = find(_interface(what), kind)
    try:
        told: Iterable[object] = () if provider is None else provider.check(own_copy(keys))
        several = [told] if isinstance(told, str) else list(told)
        lines = [one_line(line) for line in several if line != ""]
    except Exception as error:
        return [f"the plug-in of kind {kind} failed over these keys ({error!r}); expected a sound plug-in"]
    return lines[:_MOST_LINES]


def _installed(what: What) -> tuple[str, ...]:
    from heart.plugins import kinds

    found: tuple[str, ...] = kinds(_interface(what))
    return found


def _interface(what: What) -> Any:
    from heart import interfaces

    return {
        "link": interfaces.ILinkKind,
        "resource": interfaces.IResourceKind,
        "arbiter": interfaces.IArbiterKind,
    }[what]
