"""What outlives a daemon, and what becomes of a file that cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from twisted.trial.unittest import SynchronousTestCase

from heart.beat import Number
from heart.node.memory import FORMAT, LARGEST, Memory, Remembered, next_incarnation, recall
from tests.node.support import StalledThread, at_once, short_folder

NOBODY = 65534
DAY = 1_700_000_000
NUMBERS = st.integers(0, LARGEST - 1)


class MemoryCase(SynchronousTestCase):
    """A state file."""

    def setUp(self) -> None:
        """A path in a folder that others may enter."""
        folder = short_folder(self)
        folder.chmod(0o755)
        self.path = folder / "web.alpha.json"

    def assert_forgotten(self, *words: str) -> None:
        """This node begins without memory and says so in one line with the path and these words."""
        remembered, line = recall(self.path)
        self.assertEqual(remembered, Remembered())
        assert line is not None
        self.assertTrue(line.startswith(f"{self.path}: "), line)
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in words:
            self.assertIn(word, line)


class RoundTripTests(MemoryCase):
    """What was kept is there in the next life."""

    def test_kept(self) -> None:
        """Incarnation, terms and the newest of each peer are read back as they were kept."""
        memory = Memory(self.path, Remembered(), at_once)
        memory.incarnation(DAY)
        memory.term("web", 5)
        memory.term("mail", 6)
        memory.term("web", 7)
        memory.peer("beta", DAY + 1, 1000)
        memory.peer("beta", DAY + 1, 2000)
        expected = Remembered(FORMAT, DAY, {"web": 7, "mail": 6}, {"beta": (DAY + 1, 2000)})
        self.assertEqual(recall(self.path), (expected, None))

    def test_voters(self) -> None:
        """The sets of voters are read back; that they are on the disk is said when they are, not before."""
        memory = Memory(self.path, Remembered(), at_once)
        self.successResultOf(memory.voters(("alpha", "beta"), ("alpha", "gamma")))
        remembered, _ = recall(self.path)
        self.assertEqual((remembered.voters, remembered.coming), (("alpha", "beta"), ("alpha", "gamma")))
        thread = StalledThread()
        stalled = Memory(self.path, remembered, thread).voters(("alpha",), ())
        self.assertNoResult(stalled)
        thread.go_on()
        self.successResultOf(stalled)

    def test_voters_on_no_disk(self) -> None:
        """Where the file cannot be written nothing is said, until a later write brings them to the disk."""
        self.path.mkdir()
        memory = Memory(self.path, Remembered(), at_once)
        kept = memory.voters(("alpha",), ())
        self.assertNoResult(kept)
        self.path.rmdir()
        memory.term("web", 5)
        self.successResultOf(kept)
        self.assertEqual(recall(self.path)[0].voters, ("alpha",))

    def test_older_file(self) -> None:
        """A file of a version in which nobody voted is read: no set was in force."""
        self.path.write_text('{"format":1,"incarnation":5,"terms":{"web":7},"peers":{},"orders":[]}')
        remembered, line = recall(self.path)
        self.assertEqual((remembered.terms, remembered.voters, remembered.coming), ({"web": 7}, (), ()))
        self.assertIsNone(line)

    def test_damaged_voters(self) -> None:
        """A set of voters that is none makes the file a damaged one, and nothing worse."""
        self.path.write_text('{"format":1,"voters":"alpha"}')
        self.assert_forgotten("is damaged", "voters")

    def test_nothing_is_lost(self) -> None:
        """A later life adds to what the one before it remembered."""
        Memory(self.path, Remembered(), at_once).term("web", 5)
        remembered, _ = recall(self.path)
        Memory(self.path, remembered, at_once).peer("beta", 3, 4)
        self.assertEqual(recall(self.path)[0], Remembered(FORMAT, 0, {"web": 5}, {"beta": (3, 4)}))

    def test_nothing_waits(self) -> None:
        """Whoever keeps something does not wait for the disk; `written` fires when it is there."""
        thread = StalledThread()
        memory = Memory(self.path, Remembered(), thread)
        memory.incarnation(DAY)
        written = memory.written()
        self.assertNoResult(written)
        thread.go_on()
        self.successResultOf(written)
        self.assertEqual(recall(self.path)[0].incarnation, DAY)

    def test_durable(self) -> None:
        """It and its name are on the disk before it counts as written: it must outlive the machine."""
        synced: list[bool] = []
        self.patch(os, "fsync", lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
        Memory(self.path, Remembered(), at_once).incarnation(DAY)
        self.assertEqual(synced, [False, True])

    def test_content_of_its_moment(self) -> None:
        """A write that stalls writes what was known when it was asked for, not half of what came later."""
        thread = StalledThread()
        memory = Memory(self.path, Remembered(), thread)
        memory.incarnation(1)
        memory.incarnation(2)
        thread.go_on()
        self.assertEqual(recall(self.path)[0].incarnation, 1)
        thread.go_on()
        self.assertEqual(recall(self.path)[0].incarnation, 2)

    @given(
        st.builds(
            Remembered,
            format=st.just(FORMAT),
            incarnation=NUMBERS,
            terms=st.dictionaries(st.text(max_size=5), NUMBERS, max_size=3),
            peers=st.dictionaries(
                st.text(max_size=5), st.tuples(NUMBERS, st.integers(0, 2**63 - 1)), max_size=3
            ),
        )
    )
    def test_any(self, remembered: Remembered) -> None:
        """Whatever a node can have heard comes back unchanged."""
        Memory(self.path, remembered, at_once).incarnation(remembered.incarnation)
        self.assertEqual(recall(self.path), (remembered, None))


class UnusableTests(MemoryCase):
    """A file that is not there or not usable: the node begins without memory, says why, and keeps it."""

    def aside(self) -> Path:
        """Where an unusable file is kept."""
        return self.path.with_name("web.alpha.json.unusable")

    def test_missing(self) -> None:
        """A first life has no memory, and nothing to say about that."""
        self.assertEqual(recall(self.path), (Remembered(), None))
        self.assertEqual(recall(self.path / "no" / "such" / "folder"), (Remembered(), None))

    def test_empty(self) -> None:
        """A file that a crash left empty."""
        self.path.touch()
        self.assert_forgotten("damaged", "begins without memory")

    def test_truncated(self) -> None:
        """A file that ends anywhere before its end."""
        Memory(self.path, Remembered(FORMAT, DAY, {"web": 5}, {"beta": (3, 4)}), at_once).term("web", 6)
        whole = self.path.read_bytes()
        for length in range(len(whole)):
            self.path.write_bytes(whole[:length])
            self.assert_forgotten("damaged")
            self.assertEqual(self.aside().read_bytes(), whole[:length])

    @given(st.binary(max_size=100))
    def test_garbage(self, content: bytes) -> None:
        """Any bytes: they are remembered or refused in one line, and nothing is raised."""
        self.path.write_bytes(content)
        remembered, line = recall(self.path)
        if line is not None:
            self.path.write_bytes(content)
            self.assert_forgotten()
        self.assertEqual(remembered, Remembered())

    def test_other_encoding(self) -> None:
        """A name that is no UTF-8."""
        self.path.write_bytes(b'{"format":1,"terms":{"\xff\xfe":3}}')
        self.assert_forgotten("damaged")

    def test_deep(self) -> None:
        """A file of a million brackets."""
        self.path.write_bytes(b'{"format":1,"later":' + b"[" * 1_000_000)
        self.assert_forgotten("damaged")

    def test_other_shapes(self) -> None:
        """Numbers where names belong, text where numbers belong."""
        for content in (
            "[]",
            "7",
            "null",
            '"heart"',
            '{"terms":[]}',
            '{"terms":{"web":"7"}}',
            '{"peers":{"b":[1]}}',
        ):
            self.path.write_text(content)
            self.assert_forgotten("damaged")

    def test_newer_format(self) -> None:
        """A file of a later version is not used, because its words may mean something else."""
        self.path.write_text('{"format":2,"incarnation":5,"colour":"red"}')
        self.assert_forgotten("format 2", "expected 1", "begins without memory")
        Memory(self.path, Remembered(), at_once).term("web", 1)
        self.assertIn("colour", self.aside().read_text())
        self.assertEqual(recall(self.path)[0].terms, {"web": 1})

    def test_cannot_be_moved(self) -> None:
        """Where a file cannot be moved aside that is said, too."""
        self.path.write_text("{")
        self.aside().mkdir()
        self.assert_forgotten("damaged", f"cannot be moved to {self.aside().name}: Is a directory")

    def test_absurd_numbers(self) -> None:
        """Numbers that no beat could carry, or that would leave no room for a greater one."""
        for content in (
            '{"incarnation":-1}',
            '{"incarnation":4611686018427387904}',
            '{"incarnation":1e300}',
            '{"incarnation":123456789012345678901234567890}',
            '{"incarnation":NaN}',
            '{"incarnation":7.5}',
            '{"terms":{"web":-1}}',
            '{"terms":{"web":4611686018427387904}}',
            '{"peers":{"beta":[-1,0]}}',
            '{"peers":{"beta":[4611686018427387904,0]}}',
            '{"peers":{"beta":[0,-1]}}',
            '{"peers":{"beta":[0,9223372036854775808]}}',
        ):
            self.path.write_text(content)
            self.assert_forgotten("damaged", "begins without memory")

    def test_directory(self) -> None:
        """A directory in its place."""
        self.path.mkdir()
        self.assert_forgotten("cannot be read", "begins without memory")
        self.assertTrue(self.aside().is_dir())

    def test_folder_is_a_file(self) -> None:
        """A file where its folder should be."""
        self.path.write_text("{}")
        self.path = self.path / "web.alpha.json"
        self.assert_forgotten("cannot be read")

    def test_unreadable(self) -> None:
        """A file that belongs to somebody else, as one is left that root wrote."""
        self.path.write_text("{}")
        self.path.chmod(0)
        if os.geteuid() == 0:
            self.addCleanup(os.seteuid, 0)
            os.seteuid(NOBODY)
        self.assert_forgotten("cannot be read", "begins without memory")

    def test_endless(self) -> None:
        """A loop of links."""
        self.path.symlink_to(self.path.name)
        self.assert_forgotten("cannot be read")


class NextIncarnationTests(SynchronousTestCase):
    """Every life has a greater number than those before it."""

    def test_first(self) -> None:
        """A first life takes its number from the time of day."""
        self.assertEqual(next_incarnation(Remembered(), lambda: DAY + 0.9), DAY)

    def test_clock_set_back(self) -> None:
        """With the clock set back, or dead and at 1970, what is remembered still grows."""
        for clock in (DAY - 1e6, 0.0, -5.0):
            self.assertEqual(next_incarnation(Remembered(incarnation=DAY), clock.__float__), DAY + 1)

    def test_same_second(self) -> None:
        """Two lives within one second differ."""
        first = next_incarnation(Remembered(), lambda: DAY + 0.1)
        self.assertEqual(next_incarnation(Remembered(incarnation=first), lambda: DAY + 0.2), DAY + 1)

    def test_memory_lost(self) -> None:
        """Where memory is lost, a right clock still gives a number greater than that of a second ago."""
        self.assertGreater(
            next_incarnation(Remembered(), lambda: DAY + 1.0), next_incarnation(Remembered(), lambda: DAY)
        )

    @given(NUMBERS, st.floats(-1e10, 1e12))
    def test_any(self, remembered: int, clock: float) -> None:
        """Greater than any before, not behind the clock, and never more than a beat can carry."""
        incarnation = next_incarnation(Remembered(incarnation=remembered), lambda: clock)
        self.assertGreater(incarnation, remembered)
        self.assertGreater(incarnation, clock - 1)
        self.assertEqual(convert(incarnation, type=Number), incarnation)
