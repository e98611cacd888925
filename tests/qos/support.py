"""Links between two nodes, and figures of a profile with them."""

from __future__ import annotations

from heart.config.timing import timing_of
from heart.core.settings import LinkSettings, link_settings
from heart.qos.figures import Figures, figures
from heart.qos.loss import Loss

NODES = ("alpha", "beta")
UDP = None  # instead of a baud rate
CALM = Loss()


def links(*baud: int | None) -> tuple[LinkSettings, ...]:
    """A link between two nodes for each of these, with one service."""
    return link_settings(2, 1, ((f"link{number}", NODES, rate) for number, rate in enumerate(baud)))


def of(profile: str, *baud: int | None, loss: Loss = CALM) -> Figures:
    """The figures where every link loses alike, each for itself."""
    return figures(timing_of(profile), links(*baud), [loss] * len(baud))
