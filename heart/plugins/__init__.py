"""Kinds of links, resources and arbiters from packages of others, found by `twisted.plugin`.

Such a package has a module in its folder `twisted/plugins/` with objects that provide one of the
interfaces ILinkKind, IResourceKind and IArbiterKind (docs/plugins.md). Looking for them imports modules
and may write caches beside them: it is done while a configuration is read, which is before beats go out
or in a thread, and once in a process for each interface. As root only folders are looked into that
nobody else may change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from twisted.logger import Logger, LogLevel, capturedLogs
from twisted.plugin import getPlugins
from twisted.python.log import callWithContext
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

import twisted.plugins
from heart.plugins.folders import ROOT, risk
from heart.plugins.shelter import one_line

_log = Logger()
_left_out: dict[str, None] = {}  # an ordered set

# What twisted.plugin says of a broken module is a traceback; in this context it is not heard.
_SILENT = {"log_namespace": "heart.plugins.search", "log_level": LogLevel.debug, "log_format": ""}


def find(interface: Any, kind: str) -> Any | None:
    """What brings this kind; None where nothing installed does."""
    return _installed(interface).get(kind)


def kinds(interface: Any) -> tuple[str, ...]:
    """The kinds that are installed, in alphabetical order."""
    return tuple(sorted(_installed(interface)))


def left_out() -> tuple[str, ...]:
    """What is broken of the plug-ins that were looked at so far, and so not used: a line each."""
    return tuple(_left_out)


@cache
def _installed(interface: Any) -> dict[str, Any]:
    """The sound kinds by name; of two with the same name the first by its class's name counts."""
    found: dict[str, Any] = {}
    for plugin in sorted(_search(interface), key=_name):
        kind = _kind_of(plugin)
        if kind is None:
            _leave_out(f"{_name(plugin)} has no kind")
        elif lack := _lack(interface, plugin):
            _leave_out(f"{_name(plugin)}: {lack}")
        elif found.setdefault(kind, plugin) is not plugin:
            _leave_out(f"{_name(plugin)}: {_name(found[kind])} is of kind {kind} too")
    return found


def _search(interface: Any) -> list[Any]:
    """All plug-ins that provide an interface. A broken one costs a line, whatever it raises."""
    found: list[Any] = []
    with _safe_folders(), capturedLogs() as events:
        try:
            callWithContext(_SILENT, lambda: found.extend(getPlugins(interface)))
        except Exception as error:
            _leave_out(f"twisted.plugins cannot be searched: {error!r}")
    for event in events:
        if event.get("log_namespace") == _SILENT["log_namespace"] and "failure" in event:
            _leave_out(_describe(event["failure"].value))
    return found


@contextmanager
def _safe_folders() -> Iterator[None]:
    """While this lasts, Twisted looks for plug-ins nowhere else."""
    folders = twisted.plugins.__path__
    twisted.plugins.__path__ = [folder for folder in folders if not _is_risky(folder)]
    try:
        yield
    finally:
        twisted.plugins.__path__ = folders


def _is_risky(folder: str) -> bool:
    """Whether a daemon that runs as root must not look into it, which is then told."""
    why = risk(Path(folder)) if os.geteuid() == ROOT and Path(folder).is_dir() else None
    if why is not None:
        _leave_out(f"all in {folder}: {why}; expected a folder that only root can change")
    return why is not None


def _kind_of(plugin: Any) -> str | None:
    try:
        kind = plugin.kind
    except Exception:
        return None
    return kind if isinstance(kind, str) and kind.isprintable() and kind else None


def _lack(interface: Any, plugin: Any) -> str | None:
    """What it promises and does not have, in one line."""
    try:
        verifyObject(interface, plugin)
    except Invalid as error:
        return one_line(str(error).partition(f"{interface.__identifier__}:")[2])
    except Exception as error:
        return one_line(repr(error))
    return None


def _name(plugin: Any) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"


def _describe(error: BaseException) -> str:
    """What was raised, and the plug-in's module in which that was: the last one on the way to it."""
    files = [error.filename] if isinstance(error, SyntaxError) and error.filename else []
    trace = error.__traceback__
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    own = [file for file in files if "/twisted/plugins/" in file]
    return f"{own[-1]}: {error!r}" if own else repr(error)


def _leave_out(why: str) -> None:
    if why not in _left_out:
        _left_out[why] = None
        _log.warn("A plug-in is left out: {why}", why=why)
