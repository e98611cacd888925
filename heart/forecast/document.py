"""A forecast as a document for programs; times in seconds, rates a year. docs/simulation.md describes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from heart.core.settings import Settings
from heart.forecast.calculation import Calculated
from heart.forecast.calm import Calm
from heart.forecast.conditions import Losses
from heart.forecast.effects import Effect
from heart.forecast.forecast import Prospect


def document(settings: Settings, losses: Losses, prospects: Iterable[Prospect]) -> dict[str, Any]:
    """The whole forecast."""
    return {
        "cluster": settings.cluster,
        "arbiter": settings.arbiter,
        "nodes": list(settings.names()),
        "links": {link.name: {"baud": link.baud, **asdict(losses[link.name])} for link in settings.reach},
        "services": [_prospect(prospect) for prospect in prospects],
    }


def _prospect(prospect: Prospect) -> dict[str, Any]:
    return {
        "names": list(prospect.names),
        "nodes": list(prospect.service.nodes),
        "calculated": _calculated(prospect.calculated),
        "further": {text: _calculated(found) for text, found in prospect.further.items()},
        "calm": _calm(prospect.calm),
        "effects": [_effect(effect) for effect in prospect.effects],
    }


def _calculated(found: Calculated | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"unknown": found}
    return {**asdict(found), "false_takeovers": found.false_takeovers}


def _calm(calm: Calm) -> dict[str, Any]:
    expected, low, high = calm.a_year()
    return {**asdict(calm), "a_year": {"expected": expected, "low": low, "high": high}}


def _effect(effect: Effect) -> dict[str, Any]:
    told = asdict(effect)
    blow = told.pop("blow")
    return {"name": blow["name"], "text": blow["text"], "lasts": blow["lasts"], **told}
