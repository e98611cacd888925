"""What a file is held against where the nodes vote: the arbiter `quorum`."""

from __future__ import annotations

from heart.config.model import Arbiter
from heart.core.talk.room import MOST_LINKS, MOST_SERVICES, MOST_VOTED, Room
from tests.config.support import ABSENT, Changes, ConfigurationCase

QUORUM: Changes = {"arbiter/kind": "quorum"}
TWO_BARELY = (
    "arbiter: a quorum of two needs both: when one node dies the other holds nothing; "
    "add a third node, be it a witness"
)

SERVICE = {
    "nodes": ["alpha", "beta"],
    "resources": [{"kind": "script", "command": ["scripts/web"]}],
}


class QuorumTests(ConfigurationCase):
    """Two nodes that may hold services, and a witness."""

    def test_good(self) -> None:
        """Two nodes and a witness are a good quorum: there is nothing to warn of."""
        self.assert_warned(QUORUM)
        self.assertEqual(self.read(QUORUM).arbiter, Arbiter("quorum"))

    def test_no_further_keys(self) -> None:
        """It needs nothing beside its kind, and takes nothing."""
        self.assert_refused(
            {**QUORUM, "arbiter/witness": "watcher"}, "arbiter.witness: unknown key; expected one of kind"
        )

    def test_two(self) -> None:
        """A quorum of two is warned of, and not of what only `trust` has to fear."""
        self.assert_warned({**QUORUM, "nodes/watcher": ABSENT}, TWO_BARELY)

    def test_one_link(self) -> None:
        """One link, or a node in the middle, cannot make two holders of one: that is no warning here."""
        self.assert_warned({**QUORUM, "links/cable": ABSENT})
        in_the_middle = {"links/lan/nodes": ["alpha", "watcher"], "links/cable/nodes": ["beta", "watcher"]}
        self.assert_warned({**QUORUM, **in_the_middle})

    def test_even(self) -> None:
        """A witness that makes the number even adds nothing, which is said."""
        self.assert_warned(
            {**QUORUM, "nodes/second": {"witness": True}},
            "arbiter: a quorum of 4 outlives no more deaths than one of 3: leave a witness out, or add one",
        )

    def test_even_without_a_witness(self) -> None:
        """An even number of nodes that may all hold services is not warned of: none is there to vote only."""
        names = ["alpha", "beta", "gamma", "delta"]
        nodes: Changes = {"nodes/watcher": ABSENT, "nodes/gamma": {}, "nodes/delta": {}}
        self.assert_warned({**QUORUM, **nodes, "services/web/nodes": names})

    def test_out_of_reach(self) -> None:
        """A node that may hold a service and that links join to no majority is refused."""
        nodes: Changes = {f"nodes/{name}": {"witness": True} for name in ("second", "third")}
        links: Changes = {
            "links/cable/nodes": ["alpha", "beta"],
            "links/lan/nodes": ["watcher", "second", "third"],
        }
        self.assert_refused(
            {**QUORUM, **nodes, **links},
            *(
                f"links: {name} may hold a service, and links join it to 2 of 5 voters, itself included; "
                "expected 3, a majority"
                for name in ("alpha", "beta")
            ),
        )

    def test_services(self) -> None:
        """Promises take room in a beat: there may be fewer services than where nobody votes."""
        most: Changes = {f"services/s{number}": SERVICE for number in range(MOST_VOTED - 1)}
        most["links/cable"] = ABSENT
        self.assertEqual(len(self.read({**QUORUM, **most}).services), MOST_VOTED)
        more = {**most, "services/more": SERVICE}
        self.assert_refused({**QUORUM, **more}, "services: expected 16 services at most under quorum, not 17")
        self.assertEqual(len(self.read({**more, "arbiter/kind": "trust"}).services), 17)

    def test_room(self) -> None:
        """A beat of as many services as are allowed has no less room than one where nobody votes."""
        voted, without = Room(MOST_LINKS, MOST_VOTED, votes=True), Room(MOST_LINKS, MOST_SERVICES)
        self.assertGreaterEqual(voted.acks, without.acks)
        self.assertGreaterEqual(voted.for_news(1), without.for_news(1))

    def test_slow_line(self) -> None:
        """Promises make beats longer: the pace of a slow line is told with them."""
        services: Changes = {f"services/s{number}": SERVICE for number in range(7)}
        slow: Changes = {**services, "links/cable/baud": 9600}
        (told,), (with_promises,) = self.warnings(slow), self.warnings({**QUORUM, **slow})
        self.assertIn("carries a beat every 700ms instead of every 100ms", told)
        self.assertIn("carries a beat every 900ms instead of every 100ms", with_promises)
