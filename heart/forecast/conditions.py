"""What the links lose, as a person says it: shares, and bursts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from heart.config.durations import parse_duration
from heart.qos.loss import Loss

Losses = Mapping[str, Loss]  # by the links' names
EVERYWHERE = ""  # instead of a link's name: all links of which nothing else is said

SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
EXPECTED_SHARE = "a share from 0% to less than 100%, such as 20%"
EXPECTED_BURST = "a share of time and the mean length of a burst, such as 10%:50ms"


class Unfit(ValueError):
    """Not what was expected; the text says what was."""


def read_share(text: str) -> float:
    """A share from 0 to below 1. Raises Unfit."""
    match = SHARE.fullmatch(text)
    share = float(match[1]) / 100 if match else 1.0
    if share >= 1:
        raise Unfit(EXPECTED_SHARE)
    return share


def read_burst(text: str) -> tuple[float, float]:
    """The share of time that lies in bursts, and their mean length in seconds. Raises Unfit."""
    share, _, length = text.partition(":")
    try:
        return read_share(share), parse_duration(length)
    except ValueError:
        raise Unfit(EXPECTED_BURST) from None


def for_link(text: str) -> tuple[str, str]:
    """The link that is meant, or EVERYWHERE, and what is said of it: `20%`, or `lan=20%`."""
    link, equals, rest = text.rpartition("=")
    return (link, rest) if equals else (EVERYWHERE, text)


def losses(
    links: tuple[str, ...], shares: Mapping[str, float], bursts: Mapping[str, tuple[float, float]]
) -> Losses:
    """What each link loses, and EVERYWHERE what a further one would; both by link. Raises Unfit."""
    for said in (*shares, *bursts):
        if said and said not in links:
            raise Unfit(f"one of the links {', '.join(links)}, not {said}")
    return {link: _of(link, shares, bursts) for link in (*links, EVERYWHERE)}


def _of(link: str, shares: Mapping[str, float], bursts: Mapping[str, tuple[float, float]]) -> Loss:
    share, mean = bursts.get(link, bursts.get(EVERYWHERE, (0.0, 0.0)))
    return Loss(shares.get(link, shares.get(EVERYWHERE, 0.0)), share, mean)
