"""Writes the figures into docs/qos.md, between its markers: `python docs/write_qos.py [--check]`.

With --check nothing is written, and exit code 1 says that the document is not what the calculation makes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from math import inf
from pathlib import Path

from written import write_or_check

from heart.config.timing import DEFAULT_BEAT, PROFILES, timing_of
from heart.core.settings import LinkSettings, link_settings
from heart.qos.counting import counting
from heart.qos.course import slot_of
from heart.qos.figures import YEAR, Figures, a_year, figures
from heart.qos.loss import Loss

FILE = Path(__file__).with_name("qos.md")
BEGIN, END = "<!-- begin: {} -->\n", "<!-- end: {} -->\n"
LINKS: dict[str, tuple[int | None, ...]] = {  # baud rates; None is a link by UDP
    "one UDP link": (None,),
    "two UDP links": (None, None),
    "UDP and serial at 9,600": (None, 9600),
    "UDP and serial at 115,200": (None, 115200),
    "serial at 9,600 alone": (9600,),
    "serial at 115,200 alone": (115200,),
}
BURST_SHARE = 0.1
LOSSES = {f"{percent} %": Loss(percent / 100) for percent in (0, 1, 5, 10, 20, 30, 50)} | {
    f"bursts of {mean} ms": Loss(0.0, BURST_SHARE, mean / 1000) for mean in (20, 50, 100, 200)
}
LEAST = 1e-9  # what is rarer, in times a year, is not told apart
SHORTEST, LONGEST, CLOSE = 0.001, 10.0, 1.01  # seconds, seconds, and how near two mean lengths come
HEAD = (
    "| links | loss | T_D: 1 in 100, median, most | T_MR | T_M | 1 - P_A | wrong verdicts a year"
    " | wrong releases a year | false takeovers a year |\n" + "| --- " * 9 + "|\n"
)


def settings(links: str) -> tuple[LinkSettings, ...]:
    """The links of that name between two nodes with one service."""
    names = ((f"link{number}", ("alpha", "beta"), baud) for number, baud in enumerate(LINKS[links]))
    return link_settings(2, 1, names)


@cache
def of(profile: str, links: str, loss: Loss) -> Figures:
    """The figures of a profile at the default beat; every link loses alike, each for itself."""
    between = settings(links)
    return figures(timing_of(profile), between, [loss] * len(between))


def row(profile: str, links: str, loss: str) -> str:
    """A line of the table of a profile."""
    found = of(profile, links, LOSSES[loss])
    detected = found.detection
    cells = (
        links,
        loss,
        ", ".join(map(milliseconds, (detected.soonest, detected.median, detected.most))) + " ms",
        span(found.recurrence),
        f"{milliseconds(found.duration)} ms" if found.wrong_verdicts else "-",
        number(found.duration / found.recurrence),
        number(found.wrong_verdicts),
        number(found.wrong_releases),
        number(found.false_takeovers),
    )
    return f"| {' | '.join(cells)} |\n"


def table(profile: str) -> str:
    """All figures of a profile."""
    return HEAD + "".join(row(profile, links, loss) for links in LINKS for loss in LOSSES)


def counted(loss: Loss) -> float:
    """False takeovers a year of VRRP on one link, at the same interval."""
    return a_year(counting(DEFAULT_BEAT, loss), slot_of(DEFAULT_BEAT))


def overview() -> str:
    """False takeovers a year on two UDP links, by profile, beside VRRP on one link."""
    lines = ["| loss on each link | " + " | ".join(PROFILES) + " | VRRP, one link |\n", "| --- " * 5 + "|\n"]
    for name, loss in LOSSES.items():
        cells = [number(of(profile, "two UDP links", loss).false_takeovers) for profile in PROFILES]
        lines.append(f"| {name} | {' | '.join(cells)} | {number(counted(loss))} |\n")
    return "".join(lines)


def longest_burst(profile: str, links: str) -> float:
    """Up to which mean length of bursts, in seconds, there is less than one false takeover a year."""
    low, high = SHORTEST, LONGEST
    while high / low > CLOSE:
        middle = (low * high) ** 0.5
        if of(profile, links, Loss(0.0, BURST_SHARE, middle)).false_takeovers < 1:
            low = middle
        else:
            high = middle
    return low


def bursts() -> str:
    """The longest bursts that each profile bears, on one and on two links."""
    kinds = ("one UDP link", "two UDP links")
    lines = ["| profile | " + " | ".join(kinds) + " |\n", "| --- " * 3 + "|\n"]
    for profile in PROFILES:
        cells = (f"{number(longest_burst(profile, links) * 1000)} ms" for links in kinds)
        lines.append(f"| {profile} | {' | '.join(cells)} |\n")
    return "".join(lines)


def sections() -> Iterator[tuple[str, str]]:
    """What stands between which markers."""
    yield "overview", overview()
    yield "bursts", bursts()
    for profile in PROFILES:
        yield profile, table(profile)


def between(text: str, name: str) -> str:
    """What a document has between the markers of this name."""
    return text.split(BEGIN.format(name))[1].split(END.format(name))[0]


def text(written: str) -> str:
    """The document with the figures as they are calculated now."""
    for name, content in sections():
        begin, end = BEGIN.format(name), END.format(name)
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        written = pattern.sub(lambda _, new=begin + content + end: new, written)  # type: ignore[misc]
    return written


def milliseconds(seconds: float) -> str:
    """In whole milliseconds."""
    return f"{seconds * 1000:,.0f}"


def number(value: float) -> str:
    """A rate or a share, in two digits."""
    if value < LEAST:
        return f"< {LEAST:.0e}" if value else "0"
    return f"{value:.2g}" if value < 100 else f"{float(f'{value:.2g}'):,.0f}"


def span(seconds: float) -> str:
    """A time as people tell it, in two digits."""
    if seconds == inf:
        return "-"
    if seconds > YEAR / LEAST:
        return f"> {1 / LEAST:.0e} years"
    for name, unit in (("years", YEAR), ("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= unit:
            return f"{number(seconds / unit)} {name}"
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, lambda: text(FILE.read_text())))
