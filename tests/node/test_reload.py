"""A changed file and changed keys, read anew: what is taken up, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from heart.config import load
from heart.config.model import Configuration
from heart.keys import Keys, load_keys, marks
from heart.node.reload import Reloader, Running
from tests.node.support import at_once, short_folder

OLD, NEW = (1, "5a" * 32), (2, "6b" * 32)

CONFIGURATION = """\
cluster = "web"
key_file = "heart.key"
[nodes.alpha]
[nodes.beta]
[links.lan]
kind = "udp"
broadcast = "127.255.255.255"
port = 5000
[paths]
state = "state"
run = "run"
"""


class ReloaderTests(SynchronousTestCase):
    """A daemon that runs with one key, and a peer that signs with some and has some."""

    def setUp(self) -> None:
        self.folder = short_folder(self)
        self.file = self.folder / "heart.toml"
        self.file.write_text(CONFIGURATION)
        self.write_keys(OLD)
        self.adopted: list[tuple[Configuration, Keys]] = []
        self.signed_by: frozenset[int] = frozenset()
        self.peer_has: tuple[int, ...] = ()
        self.listened = 0
        self.voters: tuple[str, ...] = ("alpha", "beta")
        configuration = load(self.file, "alpha")
        running = Running(configuration, load_keys(configuration.key_file))
        self.reloader = Reloader(running, at_once, self.adopt, self.listen, self.without, self.vote)

    def write_keys(self, *keys: tuple[int, str]) -> None:
        """Write the key file."""
        path = Path(self.folder, "heart.key")
        path.touch(0o600)
        path.write_text("".join(f"{number} {key}\n" for number, key in keys))

    def adopt(self, configuration: Configuration, keys: Keys) -> None:
        """The daemon runs with these from now on."""
        self.adopted.append((configuration, keys))

    def listen(self) -> Deferred[frozenset[int]]:
        """Which keys other than ours peers sign with."""
        self.listened += 1
        return succeed(self.signed_by)

    def without(self, mark: int) -> tuple[str, ...]:
        """Who has not the key of that mark."""
        return () if not self.peer_has or mark in self.peer_has else ("beta",)

    def vote(self) -> tuple[str, ...]:
        """Who votes now."""
        return self.voters

    def reload(self) -> dict[str, Any]:
        """Reload; the answer."""
        return self.successResultOf(self.reloader.reload())

    def assert_refused(self, *words: str) -> None:
        """A reload is refused in one line with these words, and changes nothing."""
        before, running = len(self.adopted), self.reloader.running
        answer = self.reload()
        (line,) = answer["errors"]
        self.assertEqual((answer["done"], len(self.adopted)), (False, before), answer)
        self.assertIs(self.reloader.running, running)
        for word in words:
            self.assertIn(word, line)

    def peer_with(self, *keys: tuple[int, str]) -> None:
        """From now on the peer says that it has these keys."""
        given = {number: bytes.fromhex(key) for number, key in keys}
        self.peer_has = marks(Keys(given, keys[0][0]))

    def test_changed_file(self) -> None:
        """A changed file is adopted, and the answer names what has changed, in the words of the file."""
        self.file.write_text(CONFIGURATION.replace("port = 5000", "port = 5001"))
        answer = self.reload()
        self.assertEqual((answer["done"], answer["errors"]), (True, []))
        self.assertEqual([line for line in answer["changes"] if "links.lan.port" in line], answer["changes"])
        self.assertEqual(self.adopted[0][0].links[0].name, "lan")
        self.assertEqual(self.reload()["text"], "reloaded; nothing has changed")

    def test_wrong_file(self) -> None:
        """A wrong file is refused, and so is what only a restart can change."""
        self.file.write_text(CONFIGURATION.replace('kind = "udp"', 'kind = "pdu"'))
        self.assert_refused("links.lan.kind")
        self.file.write_text(CONFIGURATION.replace('cluster = "web"', 'cluster = "db"'))
        self.assert_refused("cluster: web cannot become db while the daemon runs")
        self.file.write_text(CONFIGURATION.replace('state = "state"', 'state = "elsewhere"'))
        self.assert_refused("paths.state")

    def write_voters(self, *names: str, kind: str = "quorum") -> None:
        """Write a file in which these nodes vote, beside alpha and beta."""
        nodes = "".join(f"[nodes.{name}]\nwitness = true\n" for name in names)
        self.file.write_text(f'{CONFIGURATION}{nodes}[arbiter]\nkind = "{kind}"\n')

    def test_few_new_voters(self) -> None:
        """Nodes that are new to those who vote are taken up while they are fewer than half of all."""
        self.write_voters("watcher")
        self.assertTrue(self.reload()["done"])
        self.voters = ("alpha", "beta", "watcher")
        self.write_voters("watcher", "second", "third")
        self.assertTrue(self.reload()["done"])

    def test_half_of_the_voters_new(self) -> None:
        """Where half of them or more would be new, one line names them and tells to take two steps."""
        self.write_voters("watcher", "second")
        self.assert_refused(
            f"{self.file}: nodes: expected that less than half of them are new",
            "watcher, second would be new to alpha, beta: take two steps",
        )

    def test_second_step_too_early(self) -> None:
        """What counts is who votes now, not what an earlier file named: a second step waits for the first."""
        self.write_voters("watcher")
        self.reload()
        self.write_voters("watcher", "second")
        self.assert_refused("watcher, second would be new to alpha, beta")

    def test_too_few_voters_left(self) -> None:
        """A majority of those who vote must be left, for only they can agree to the next set."""
        self.write_voters("watcher")
        self.reload()
        self.voters = ("alpha", "beta", "watcher", "second", "third")
        self.write_voters()
        self.assert_refused(
            "nodes: expected that 3 are left of the 5 that vote, a majority, not alpha, beta: take two steps"
        )
        self.write_voters("watcher")
        self.assertTrue(self.reload()["done"])

    def test_new_nodes_where_nobody_votes(self) -> None:
        """Where nobody votes any number of nodes may be new."""
        self.write_voters("watcher", "second", "third", kind="trust")
        self.assertTrue(self.reload()["done"])

    def test_rotation(self) -> None:
        """Add, make first, take away: each is adopted where the peer has done the step before."""
        self.write_keys(OLD, NEW)
        self.assertEqual(self.reload()["changes"], ["keys: 1 -> 1, 2"])
        self.peer_with(OLD, NEW)
        self.write_keys(NEW, OLD)
        self.assertEqual(self.reload()["changes"], ["the key that signs: 1 -> 2"])
        self.write_keys(NEW)
        self.assertEqual(self.reload()["changes"], ["keys: 2, 1 -> 2"])
        self.assertEqual([keys.signing for _, keys in self.adopted], [1, 2, 2])

    def test_signer_that_the_peer_has_not(self) -> None:
        """No key is to sign that a peer has not got; a short while is waited for its word."""
        self.write_keys(OLD, NEW)
        self.reload()
        self.peer_with(OLD)
        self.write_keys(NEW, OLD)
        self.assert_refused("key 2 cannot sign yet", "beta would refuse it")
        self.assertEqual(self.listened, 1)

    def test_same_number_for_another_key(self) -> None:
        """A key of the same number that is another one is not what the peer has, and is refused at once."""
        self.write_keys((1, NEW[1]))
        self.assert_refused("key 1 is not what it was")

    def test_key_that_signs_taken_away(self) -> None:
        """The key that signs cannot be taken away in one step."""
        self.write_keys(NEW)
        self.peer_with(OLD, NEW)
        self.assert_refused("key 1 is missing, and signs")

    def test_key_that_a_peer_signs_with(self) -> None:
        """A key with which a peer is heard to sign cannot be taken away."""
        self.write_keys(OLD, NEW)
        self.reload()
        self.write_keys(NEW, OLD)
        self.reload()
        self.signed_by = frozenset({1})
        self.write_keys(NEW)
        self.assert_refused("key 1 is missing, and a peer still signs with it")

    def test_open_key_file(self) -> None:
        """A key file that others can read is refused, and the old keys stay."""
        Path(self.folder, "heart.key").chmod(0o644)
        self.assert_refused("heart.key")

    def test_one_after_the_other(self) -> None:
        """However many ask at once, reloads come one after the other."""
        answers = [self.reloader.reload() for _ in range(3)]
        self.assertEqual([self.successResultOf(answer)["done"] for answer in answers], [True] * 3)
