"""Tests of heart.config.voting: voters whose answers come too late."""

from __future__ import annotations

from tests.config.support import Changes, ConfigurationCase

QUORUM: Changes = {"arbiter/kind": "quorum"}


def cable(one: str, other: str, baud: int) -> dict[str, object]:
    """A null-modem cable."""
    return {"kind": "serial", "nodes": [one, other], "device": f"/dev/{one}-{other}", "baud": baud}


class SlowTests(ConfigurationCase):
    """Alpha and beta on a LAN and a cable, and a witness that is joined by cables alone."""

    def slow(self, baud: int, **changes: object) -> list[str]:
        """The warnings of nodes, where the witness's cables have that rate."""
        links = {
            "links/lan/nodes": ["alpha", "beta"],
            "links/left": cable("alpha", "watcher", baud),
            "links/right": cable("beta", "watcher", baud),
        }
        told = self.warnings({**QUORUM, **links, **changes})
        return [line for line in told if line.startswith("nodes.")]

    def test_slow(self) -> None:
        """A witness at the end of slow lines is warned of, with how old its answers may be."""
        (line,) = self.slow(9600)
        self.assertRegex(
            line,
            r"^nodes\.watcher: its answers to alpha, beta come over slow lines alone, and may be [0-9.]+s "
            r"old, more than timing\.lease \(600ms\): where its vote is needed a holder may lose its "
            r"majority; use a faster line, or a longer lease$",
        )

    def test_fast_enough(self) -> None:
        """One whose line carries every beat is not; nor is a slow one where `lease` is long enough."""
        self.assertEqual(self.slow(115200), [])
        timing = {"timing/dead": "6s", "timing/lease": "5s"}
        self.assertEqual(self.slow(9600, **timing), [])

    def test_nobody_votes(self) -> None:
        """Under trust no answer is a vote."""
        self.assertEqual(self.slow(9600, **{"arbiter/kind": "trust"}), [])

    def test_slow_beside_fast(self) -> None:
        """A slow line beside a fast link says nothing."""
        told = self.warnings({**QUORUM, "links/cable/baud": 9600})
        self.assertEqual([line for line in told if line.startswith("nodes.")], [])

    def test_slow_through_others(self) -> None:
        """What comes through others on a slow line is slow, too: here one serves both nodes."""
        told = self.slow(9600, **{"links/right": cable("alpha", "beta", 9600)})
        self.assertEqual(len(told), 1)
        self.assertIn("its answers to alpha, beta come", told[0])
