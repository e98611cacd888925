"""The tables of `heart status`."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from heart.status_view import ago, plain, render, span

NOW = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)

STATUS: dict[str, Any] = {
    "cluster": "web",
    "node": "alpha",
    "incarnation": 17,
    "configuration": "0123456789abcdef",
    "since": "2026-11-22T10:00:00.000Z",
    "lateness": {"minute": 0.0013, "hour": 0.012},
    "paused": False,
    "arbiter": {"kind": "trust"},
    "nodes": [
        {"name": "alpha", "state": "up", "since": "2026-11-22T10:00:00.000Z", "reason": "this node"},
        {"name": "beta", "state": "late", "since": "2026-11-22T12:59:59.800Z", "reason": "silent for 250 ms"},
        {"name": "watcher", "state": "dead", "since": None, "reason": None, "witness": True},
    ],
    "links": [
        {
            "name": "lan",
            "kind": "udp",
            "state": "up",
            "since": "2026-11-22T10:00:00.000Z",
            "reason": None,
            "refused": {"cluster": 4},
            "peers": [
                {
                    "peer": "beta",
                    "heard": 0.04,
                    "hears_us": 0.05,
                    "round_trip": 0.0006,
                    "sent": 1200,
                    "received": 1198,
                    "lost": 2,
                    "refused": {"signature": 3, "replay": 0},
                },
                {"peer": "watcher", "heard": None, "hears_us": None, "round_trip": None, "refused": {}},
            ],
        },
        {"name": "cable", "kind": "serial", "state": "down", "reason": "/dev/ttyS0 is missing", "peers": []},
    ],
    "services": [
        {
            "name": "web",
            "holder": "alpha",
            "term": 1763818267,
            "state": "held",
            "since": "2026-11-22T10:00:05.000Z",
            "reason": "start",
            "wait": 1.0,
        },
        {
            "name": "relay",
            "holder": None,
            "term": 0,
            "state": "failed",
            "since": "2026-11-20T10:00:05.000Z",
            "reason": "start failed",
            "wait": 1.03,
        },
    ],
}

TEXT = """\
cluster web, node alpha, running since 3 h ago
incarnation 17, configuration 0123456789abcdef, arbiter trust
worst lateness 1.3 ms in the last minute, 12 ms in the last hour

NODE     STATE  SINCE       REASON
alpha    up     3 h ago     this node
beta     late   0.20 s ago  silent for 250 ms
watcher  dead   -           witness

LINK   KIND    STATE  SINCE    REFUSED    REASON
lan    udp     up     3 h ago  4 cluster  -
cable  serial  down   -        -          /dev/ttyS0 is missing

LINK  PEER     HEARD       HEARS US    ROUND TRIP  RECEIVED  LOST  REFUSED
lan   beta     0.04 s ago  0.05 s ago  0.6 ms      1198      2     3 signature
lan   watcher  -           -           -           -         -     0

SERVICE  HOLDER  TERM        STATE   SINCE    WAIT    REASON
web      alpha   1763818267  held    3 h ago  1 s     start
relay    -       0           failed  2 d ago  1.03 s  start failed"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


class RenderTests(SynchronousTestCase):
    """A status as text."""

    def test_whole(self) -> None:
        """All that is known is there, in 80 columns."""
        self.assertEqual(plain(STATUS, 80, NOW), TEXT)

    def test_widths(self) -> None:
        """No line is longer than the width, and 60 columns still show every state and reason."""
        for width in (60, 80, 120):
            text = plain(STATUS, width, NOW)
            self.assertLessEqual(max(map(len, text.splitlines())), width)
            for word in (
                "late",
                "failed",
                "0.04 s ago",
                "missing",
                "start failed",
                "3 signature",
            ):
                self.assertIn(word, text)

    def test_long_reason(self) -> None:
        """A long reason is wrapped, never cut."""
        words = [f"word{number}" for number in range(60)]
        status = {"nodes": [{"name": "beta", "state": "dead", "reason": " ".join(words)}]}
        text = plain(status, 80, NOW)
        self.assertEqual([word for word in text.split() if word.startswith("word")], words)

    def test_paused(self) -> None:
        """A pause is said in plain words."""
        self.assertIn("paused", plain({**STATUS, "paused": True}, 80, NOW))
        self.assertNotIn("paused", plain(STATUS, 80, NOW))

    def test_standby(self) -> None:
        """A node in standby is marked, beside its reason."""
        status = {"nodes": [{"name": "beta", "state": "up", "standby": True, "reason": "by hand"}]}
        self.assertIn("standby, by hand", plain(status, 80, NOW))

    def test_unknown_extras(self) -> None:
        """Keys and states that this version does not know do no harm."""
        status = {
            **STATUS,
            "quantum": [1],
            "nodes": [{**STATUS["nodes"][0], "state": "entangled", "spin": {}}],
        }
        self.assertIn("entangled", plain(status, 80, NOW))

    def test_hostile_text(self) -> None:
        """Neither markup nor control characters in a reason act on the terminal."""
        status = {"services": [{"name": "web", "reason": "[red]exit\x1b[2J\n1[/red]"}]}
        self.assertIn("[red]exit?[2J 1[/red]", plain(status, 120, NOW))

    def test_colours(self) -> None:
        """On a terminal states have colours: good, care and bad differ."""
        out = StringIO()
        Console(file=out, force_terminal=True, color_system="standard", width=80).print(
            render(STATUS, 80, NOW)
        )
        for colour, word in (("32", "up"), ("33", "late"), ("1;31", "dead")):
            self.assertIn(f"\x1b[{colour}m{word}", out.getvalue())

    def test_arbiters(self) -> None:
        """One arbiter or several are told by their kinds, whatever else is said of them."""
        for arbiter, text in (("ping", "ping"), ([{"kind": "trust"}, {"kind": "fence"}], "trust and fence")):
            self.assertIn(f"arbiter {text}\n", plain({**STATUS, "arbiter": arbiter}, 80, NOW))

    @given(st.dictionaries(st.sampled_from([*STATUS, "other"]), JSON), JSON)
    def test_anything(self, status: dict[str, Any], inner: object) -> None:
        """No status, however odd, keeps the command from showing the rest."""
        odd = {**status, "links": [{"peers": [{"peer": inner, "refused": inner}], "state": inner}, inner]}
        self.assertIn("cluster", plain(odd, 80, NOW))


class TimeTests(SynchronousTestCase):
    """Times for a person."""

    def test_span(self) -> None:
        """A length has the unit that suits it."""
        for seconds, text in (
            (None, "-"),
            (0, "0 ms"),
            (0.0006, "0.6 ms"),
            (0.25, "250 ms"),
            (1.03, "1.03 s"),
            (89, "89 s"),
            (600, "10 min"),
            (3 * 3600, "3 h"),
            (5 * 86400, "5 d"),
            ("soon", "soon"),
            (True, "True"),
        ):
            self.assertEqual(span(seconds), text)

    def test_ago(self) -> None:
        """Seconds and times of day are both told as times ago; the future counts as now."""
        for moment, text in (
            (None, "-"),
            (0.04, "0.04 s ago"),
            (12.3, "12.3 s ago"),
            ("2026-11-22T10:00:00.000Z", "3 h ago"),
            ("2026-11-22T10:00:00", "3 h ago"),
            ("2026-11-22T14:00:00+01:00", "0.00 s ago"),
            ("2026-11-23T00:00:00Z", "0.00 s ago"),
            ("yesterday", "yesterday"),
        ):
            self.assertEqual(ago(moment, NOW), text)
