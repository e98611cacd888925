"""What happened in a simulated cluster, a line each, for a person who wants to know why."""

from __future__ import annotations

from collections import deque

from heart.beat import ASKS, CLAIMS, CLEAN, GOODBYE, LEAVING, PROBE, STARTING, STOPPING, Beat, name_hash
from heart.core import decisions as d
from heart.simulation.invariants.facts import Witness

KEPT = 100_000  # lines


class Timeline(Witness):
    """Keeps the newest lines. A beat that says what the one before it said is counted, not shown."""

    def __init__(self, nodes: tuple[str, ...]) -> None:
        self._names = {name_hash(name): name for name in nodes}
        self._width = max(map(len, nodes))
        self._lines: deque[tuple[float, str]] = deque(maxlen=KEPT)
        self._said: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._silent: dict[str, int] = {}

    def lines(self, since: float = 0.0) -> list[str]:
        """The lines from this time on."""
        return [f"{time:9.3f}  {line}" for time, line in self._lines if time >= since]

    def note(self, time: float, node: str, text: str) -> None:
        """Add a line about a node."""
        self._lines.append((time, f"{node:{self._width}}  {text}"))

    def began(self, time: float, node: str, incarnation: int) -> None:
        """A line."""
        self.note(time, node, f"STARTS, incarnation {incarnation}")

    def died(self, time: float, node: str) -> None:
        """A line."""
        self.note(time, node, "ENDS")

    def stalled(self, time: float, node: str) -> None:
        """A line."""
        self.note(time, node, "SLEEPS")

    def woke(self, time: float, node: str) -> None:
        """A line."""
        self.note(time, node, "WAKES")

    def took(self, time: float, node: str, service: str, term: int) -> None:
        """A line."""
        self.note(time, node, f"== {service} runs here, term {term}")

    def let_go(self, time: float, node: str, service: str) -> None:
        """A line."""
        self.note(time, node, f"== {service} runs here no more")

    def sent(self, time: float, node: str, beat: Beat, links: tuple[str, ...]) -> None:
        """A line, where it says something new."""
        if beat.through:
            return
        said = self._meaning(beat), links
        if self._said.get(node) == said:
            self._silent[node] = self._silent.get(node, 0) + 1
            return
        more = self._silent.pop(node, 0)
        self._said[node] = said
        told = f"beat {'goodbye' if beat.flags & GOODBYE else beat.sequence} on {', '.join(links)}: {said[0]}"
        self.note(time, node, told + (f" (after {more} that said the same as before)" if more else ""))

    def decided(self, time: float, node: str, decision: d.Decision) -> None:
        """A line for what a person would want to know."""
        match decision:
            case d.Report(kind, reason, fields):
                named = [str(fields[key]) for key in ("peer", "service", "link", "term") if key in fields]
                self.note(time, node, f"{kind} {' '.join(named)}: {reason}")
            case d.TakeOver() | d.Release() | d.Restart() | d.Answered():
                self.note(time, node, f"decides: {decision}")
            case _:
                pass

    def _meaning(self, beat: Beat) -> str:
        flags = [name for flag, name in ((PROBE, "probe"), (LEAVING, "leaving")) if beat.flags & flag]
        services = [self._service(said) for said in beat.word.services]
        return "; ".join([*flags, *services]) or "nothing"

    def _service(self, said: object) -> str:
        flags, term = said.flags, said.term  # type: ignore[attr-defined]
        names = ((CLAIMS, "claims"), (STARTING, "starting"), (STOPPING, "stopping"), (ASKS, "asks"))
        told = [name for flag, name in names if flags & flag]
        text = f"{' '.join(told) or ('clean' if flags & CLEAN else 'not clean')}, term {term}"
        promised = said.promised_to  # type: ignore[attr-defined]
        if promised is None:
            return text
        return f"{text}, promises {said.promised_term} to {self._names.get(promised, '?')}"  # type: ignore[attr-defined]
