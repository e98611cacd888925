"""Tests of heart.config.flattening and heart.config.meaning: what a file means, and how two files differ."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart import plugins
from heart.config.meaning import (
    BY_KEY,
    BY_SECTION,
    BY_TABLE,
    MOST_PARTS,
    UNKNOWN,
    Meaning,
    changes,
    differences,
    digest,
    parts,
    section,
)
from tests.config.support import ABSENT, Changes, ConfigurationCase, machine

LARGEST = 200  # bytes that an entry of the status table has for it

MEANING = {
    "cluster": "web",
    "timing.beat": "100ms",
    "timing.late": "250ms",
    "timing.dead": "1s",
    "timing.lease": "600ms",
    "timing.start": "5s",
    "timing.settle": "10s",
    "nodes.alpha.witness": "false",
    "nodes.beta.witness": "false",
    "nodes.watcher.witness": "true",
    "links.lan.kind": "udp",
    "links.lan.nodes": '["alpha", "beta", "watcher"]',
    "links.lan.port": "694",
    "links.lan.interface": "eth0",
    "links.cable.kind": "serial",
    "links.cable.nodes": '["alpha", "beta"]',
    "links.cable.device": "/dev/ttyS0",
    "links.cable.baud": "115200",
    "services.web.nodes": '["alpha", "beta"]',
    "services.web.stop": "300ms",
    "services.web.failback": "false",
    "services.web.monitor": "never",
    "services.web.restarts": "2",
    "services.web.forget": "10m",
    "services.web.resources[1].kind": "address",
    "services.web.resources[1].address": "10.0.0.100/24",
    "services.web.resources[1].interface": "eth0",
    "services.web.resources[2].kind": "script",
    "services.web.resources[2].command": '["scripts/web"]',
    "services.web.resources[2].timeout": "20s",
    "arbiter.kind": "trust",
}


class Provider:
    """What brings a kind of anything."""

    def check(self, keys: object) -> list[str]:
        """All is well."""
        return []


class FlatteningTests(ConfigurationCase):
    """A file's meaning, key by key."""

    def meaning(self, changed: Changes | None = None, host: str = "alpha") -> dict[str, str]:
        """The meaning of the changed configuration, as a node has it."""
        return dict(self.read(changed, machine(host)).meaning)

    def difference(self, changed: Changes) -> dict[str, str | None]:
        """The keys in which it is not that of the unchanged one, with their values; None: gone."""
        old, new = self.meaning(), self.meaning(changed)
        self.assertEqual(new, self.meaning(changed, "beta"))
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        return {key: new.get(key) for key in keys}

    def test_whole(self) -> None:
        """Every key has its value as a person would write it, the defaults included."""
        self.assertEqual(self.meaning(), MEANING)

    def test_own_business(self) -> None:
        """Where a node keeps its key and state is not in it."""
        (self.folder / "k").write_bytes((self.folder / "heart.key").read_bytes())
        (self.folder / "k").chmod(0o600)
        self.assertEqual(self.difference({"key_file": "k", "paths/state": "s", "paths/run": "/tmp/r"}), {})

    def test_override(self) -> None:
        """Where a node differs each node has the key, on whichever node the file is read."""
        self.assertEqual(
            self.difference({"nodes/beta/links/cable/device": "/dev/ttyUSB0"}),
            {
                "links.cable.device": None,
                "nodes.alpha.links.cable.device": "/dev/ttyS0",
                "nodes.beta.links.cable.device": "/dev/ttyUSB0",
            },
        )

    def test_override_of_nothing(self) -> None:
        """An override that says what the link says means nothing."""
        self.assertEqual(self.difference({"nodes/beta/links/cable/device": "/dev/ttyS0"}), {})

    def test_other_medium(self) -> None:
        """What one node alone has is told of it alone: two nodes that change places mean something else."""
        on_alpha = self.meaning({"nodes/alpha/links/lan/broadcast": "10.0.0.255"})
        on_beta = self.meaning({"nodes/beta/links/lan/broadcast": "10.0.0.255"})
        self.assertEqual(on_alpha["nodes.alpha.links.lan.broadcast"], "10.0.0.255")
        self.assertNotIn("nodes.alpha.links.lan.interface", on_alpha)
        self.assertEqual(on_alpha["nodes.beta.links.lan.interface"], "eth0")
        self.assertNotEqual(digest(on_alpha), digest(on_beta))

    def test_peers(self) -> None:
        """In a list of peers each one has its place, as the others see it."""
        peers = {"alpha": "10.0.0.1", "beta": "[fd00::2]:695", "watcher": "w.example.net:696"}
        self.assertEqual(
            self.difference({"links/lan/interface": ABSENT, "links/lan/peers": peers}),
            {
                "links.lan.interface": None,
                "links.lan.port": None,
                "links.lan.peers.alpha": "10.0.0.1:694",
                "links.lan.peers.beta": "[fd00::2]:695",
                "links.lan.peers.watcher": "w.example.net:696",
                "nodes.alpha.links.lan.port": "694",
                "nodes.beta.links.lan.port": "695",
                "nodes.watcher.links.lan.port": "696",
            },
        )

    def test_names_with_dots(self) -> None:
        """Names with dots stand in quotes and are never shortened, so that no two keys look the same."""
        long = "a." + "b" * 60
        for name in ("web.eu", long + "1", long + "2"):
            service = {
                "nodes": ["alpha", "beta"],
                "resources": [{"kind": "script", "command": ["scripts/web"]}],
            }
            keys = self.difference({f"services/{name}": service})
            self.assertEqual({section(key) for key in keys}, {f'services."{name}"'})
            self.assertEqual(keys[f'services."{name}".stop'], "300ms")

    def test_said(self) -> None:
        """What the file says stands there instead of the defaults."""
        said: Changes = {
            "services/web/monitor": "5000ms",
            "services/web/failback": True,
            "services/web/restarts": 0,
            "events/command": ["on-event", "a\nb", "\u00e9"],
        }
        self.assertEqual(
            self.difference(said),
            {
                "services.web.monitor": "5s",
                "services.web.failback": "true",
                "services.web.restarts": "0",
                "events.command": '["on-event", "a\\nb", "\u00e9"]',
            },
        )

    def test_plugged(self) -> None:
        """A plug-in's own keys are told as TOML has them, on one line, none like another."""
        self.patch(plugins, "kinds", lambda interface: ("thing",))
        self.patch(plugins, "find", lambda interface, kind: Provider())
        own = {
            "kind": "thing",
            "n": 5,
            "s": "5",
            "t": {"b": 1, "a": [True]},
            "d": date(2026, 1, 2),
            "x y": 1.5,
        }
        told = {"n": "5", "s": '"5"', "t": '{"a": [true], "b": 1}', "d": '"2026-01-02"', '"x y"': "1.5"}
        spoilt: Changes = {
            "arbiter": own,
            "links/lan": own,
            "services/web/resources/1": own,
            "nodes/beta/links/lan/n": 6,
        }
        found = self.difference(spoilt)
        for table in ("arbiter", "services.web.resources[2]"):
            self.assertEqual({key: found[f"{table}.{key}"] for key in told}, told)
        self.assertEqual(found["arbiter.kind"], "thing")
        self.assertEqual(found["links.lan.s"], '"5"')
        self.assertEqual(
            [found[f"nodes.{node}.links.lan.n"] for node in ("alpha", "beta", "watcher")], ["5", "6", "5"]
        )
        self.assertNotIn("links.lan.n", found)


class ReachTests(ConfigurationCase):
    """What a node must know of all links."""

    def test_all(self) -> None:
        """All links are there, those of other nodes too, with their members and baud rates."""
        told = [(link.name, link.nodes, link.baud) for link in self.read(None, machine("watcher")).reach]
        self.assertEqual(
            told, [("lan", ("alpha", "beta", "watcher"), None), ("cable", ("alpha", "beta"), 115200)]
        )


def large(services: int) -> dict[str, str]:
    """A meaning with that many services."""
    return MEANING | {f"services.s{n}.{key}": "x" for n in range(services) for key in ("nodes", "stop")}


MEANINGS = st.dictionaries(
    st.sampled_from([*MEANING, "events.command", "nodes.alpha.links.lan.port", "arbiter.path"])
    | st.text(max_size=8)
    | st.integers(0, 60).map(lambda n: f"services.s{n}.stop")
    | st.integers(0, 60).map(lambda n: f"services.web.resources[{n}].kind"),
    st.text(max_size=4),
    max_size=80,
)


class PartsTests(SynchronousTestCase):
    """Two meanings compared in few bytes."""

    def test_same(self) -> None:
        """Equal ones do not differ, in whatever order their keys stand."""
        for meaning in (MEANING, large(15), large(60)):
            reverse = dict(reversed(list(meaning.items())))
            self.assertEqual(parts(reverse), parts(meaning))
            self.assertEqual(differences(meaning, parts(reverse)), ())

    def test_fineness(self) -> None:
        """By keys where they are few, else by services, links and nodes, else by tables; never too long."""
        for meaning, form in ((MEANING, BY_KEY), (large(15), BY_SECTION), (large(60), BY_TABLE)):
            summed = parts(meaning)
            self.assertEqual(summed[0], form)
            self.assertLessEqual(len(summed), LARGEST)

    def test_key(self) -> None:
        """Another value names its key on both sides."""
        other = MEANING | {"services.web.monitor": "5s", "timing.beat": "99ms"}
        self.assertEqual(differences(MEANING, parts(other)), ("timing.beat", "services.web.monitor"))
        self.assertEqual(differences(other, parts(MEANING)), ("timing.beat", "services.web.monitor"))

    def test_only_one_has_it(self) -> None:
        """A key that the other lacks is named; of one that only the other has is said that there is one."""
        more = MEANING | {"events.command": '["/bin/on-event"]'}
        self.assertEqual(differences(more, parts(MEANING)), ("events.command",))
        self.assertEqual(differences(MEANING, parts(more)), (UNKNOWN,))

    def test_sections(self) -> None:
        """Coarser, the section or table is named, also where the other one is finer or coarser than we."""
        meaning = large(15)
        other = meaning | {"services.s7.stop": "1s", 'services."a.b".stop': "1s"}
        self.assertEqual(differences(meaning, parts(other)), ("services.s7", UNKNOWN))
        self.assertEqual(
            differences(MEANING, parts(MEANING | large(60) | {"timing.beat": "1s"})), ("services", "timing")
        )
        self.assertEqual(
            differences(large(60), parts(MEANING))[:2], ("services.s0.nodes", "services.s0.stop")
        )

    def test_collision(self) -> None:
        """Keys whose names have the same hash are no difference by that alone."""
        keys = {f"services.web.resources[{n}].kind": str(n) for n in range(40_000)}
        hashes: dict[bytes, str] = {}
        for key in keys:
            summed = parts({key: "x"})[1:3]
            if summed in hashes:
                pair = {hashes[summed]: "x", key: "y"}
                self.assertEqual(differences(pair, parts(pair)), ())
                self.assertEqual(differences(pair, parts(pair | {key: "z"})), (key,))
                return
            hashes[summed] = key
        self.fail("no two keys were found that collide")

    def test_garbage(self) -> None:
        """What is no such summary says nothing."""
        for garbage in (b"", b"\0", b"\4" + bytes(4), b"\1abc", b"\1" + bytes(5), b"\xff" * 300):
            self.assertEqual(differences(MEANING, garbage), ())

    @given(MEANINGS, st.binary(max_size=300))
    def test_anything(self, meaning: Meaning, summed: bytes) -> None:
        """Whatever comes from the network, it is answered with keys, sections or tables of our own."""
        for name in differences(meaning, summed):
            self.assertTrue(name == UNKNOWN or any(key.startswith(name) for key in meaning), name)

    @given(MEANINGS)
    def test_any_meaning(self, meaning: Meaning) -> None:
        """However many keys there are, the summary has its bound, and equal ones do not differ by it."""
        self.assertLessEqual(len(parts(meaning)), LARGEST)
        tables = {section(key).partition(".")[0] for key in meaning}
        if len(tables) <= MOST_PARTS:
            self.assertEqual(differences(meaning, parts(dict(reversed(list(meaning.items()))))), ())


class ChangesTests(SynchronousTestCase):
    """What has to become of the old, for people."""

    def test_none(self) -> None:
        """Nothing has to become of the same."""
        self.assertEqual(changes(MEANING, dict(reversed(MEANING.items()))), [])

    def test_value(self) -> None:
        """A key with both its values; one that comes or goes is not said on the other side."""
        new = MEANING | {"services.web.monitor": "5s", "events.command": '["/bin/x"]'}
        self.assertEqual(
            changes(MEANING, new),
            ["services.web.monitor: never -> 5s", 'events.command: not said -> ["/bin/x"]'],
        )
        self.assertEqual(
            changes(new, MEANING),
            ["services.web.monitor: 5s -> never", 'events.command: ["/bin/x"] -> not said'],
        )

    def test_tables(self) -> None:
        """A service, link, node or resource that comes or goes whole is one line."""
        new = {key: value for key, value in MEANING.items() if not key.startswith("links.cable")}
        new |= {
            'services."a.b".nodes': "[]",
            'services."a.b".resources[1].kind': "script",
            "services.web.resources[3].kind": "script",
            "services.web.resources[3].timeout": "20s",
        }
        self.assertEqual(
            changes(MEANING, new),
            ['services."a.b": added', "services.web.resources[3]: added", "links.cable: removed"],
        )
        self.assertEqual(
            changes(new, MEANING),
            ["links.cable: added", 'services."a.b": removed', "services.web.resources[3]: removed"],
        )

    @given(MEANINGS, MEANINGS)
    def test_any(self, old: Meaning, new: Meaning) -> None:
        """There are changes if and only if the digests differ."""
        self.assertEqual(bool(changes(old, new)), digest(old) != digest(new))
