"""Tests of heart.keys."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.keys import LARGEST_FILE, KeyFileError, Keys, load_keys, write_new_key

FIRST, SECOND = bytes(range(32)), bytes(range(64))


class KeyFileCase(SynchronousTestCase):
    """Has a key file to write."""

    def setUp(self) -> None:
        """Choose a path in a folder of its own."""
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "heart.key"

    def load(self, content: str | bytes) -> Keys:
        """The keys of a file with this content."""
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.path.chmod(0o600)
        return load_keys(self.path)

    def assert_refused(self, text: str) -> None:
        """The file as it is now is refused with exactly this line after its path."""
        error = self.assertRaises(KeyFileError, load_keys, self.path)
        self.assertEqual(str(error), f"{self.path}{text}")

    def assert_content_refused(self, content: str | bytes, text: str) -> None:
        """A file with this content is refused with exactly this line after its path."""
        with self.assertRaises(KeyFileError) as caught:
            self.load(content)
        self.assertEqual(str(caught.exception), f"{self.path}{text}")


class ContentTests(KeyFileCase):
    """What a key file says."""

    def test_first_signs(self) -> None:
        """The first key signs, all are there by their ids, comments and blank lines do not count."""
        keys = self.load(f"# keys\n\n 7 {FIRST.hex().upper()} # the new one\r\n0\t{SECOND.hex()}")
        self.assertEqual((keys.signing, dict(keys.keys)), (7, {7: FIRST, 0: SECOND}))

    def test_frozen(self) -> None:
        """Keys cannot be changed."""
        keys = self.load(f"7 {FIRST.hex()}")
        with self.assertRaises(dataclasses.FrozenInstanceError):
            keys.signing = 8  # type: ignore[misc]
        with self.assertRaises(TypeError):
            keys.keys[8] = FIRST  # type: ignore[index]

    def test_not_shown(self) -> None:
        """A record of keys shows none of them."""
        self.assertEqual(repr(self.load(f"7 {FIRST.hex()}")), "Keys(signing=7)")

    def test_lines(self) -> None:
        """A line that is no id and key is refused by its number."""
        expected = " line 2: expected an id from 0 to 255, a space, and the key in hex digits"
        good = f"1 {FIRST.hex()}\n"
        for line in (
            FIRST.hex(),
            f"256 {FIRST.hex()}",
            f"-1 {FIRST.hex()}",
            f"x {FIRST.hex()}",
            "2 ab cd",
            "2",
        ):
            self.assert_content_refused(good + line, expected)

    def test_hex(self) -> None:
        """A key is pairs of hex digits."""
        for text in (FIRST.hex() + "a", FIRST.hex() + "0x", "g" * 64):
            self.assert_content_refused(f"1 {text}", " line 1: expected the key in pairs of hex digits")

    def test_size(self) -> None:
        """A key has 32 to 64 bytes."""
        for size in (1, 31, 65):
            self.assert_content_refused(
                f"1 {'ab' * size}", f" line 1: expected a key of 32 to 64 bytes, not {size}"
            )

    def test_twice(self) -> None:
        """An id is there once."""
        self.assert_content_refused(
            f"1 {FIRST.hex()}\n01 {SECOND.hex()}", " line 2: key 1 is there already; expected each id once"
        )

    def test_none(self) -> None:
        """A file without a key is refused."""
        self.assert_content_refused("# nothing\n", " holds no key; expected lines of ID and HEX")

    def test_not_text(self) -> None:
        """A file of random bytes is refused, and one beyond all measure."""
        self.assert_content_refused(b"1 \xff\n", " is not plain text; expected lines of ID and HEX")
        self.assert_content_refused(
            b"#" * (LARGEST_FILE + 1), f": expected a key file of at most {LARGEST_FILE} bytes"
        )

    @settings(deadline=None, max_examples=200)
    @given(st.text(st.sampled_from("0123456789abcdefg# \n"), max_size=200))
    def test_never_shown(self, content: str) -> None:
        """Whatever a file holds, it gives keys or one line in which no key is seen."""
        try:
            self.load(content)
        except KeyFileError as error:
            text = str(error).removeprefix(str(self.path))
            self.assertEqual(len(text.splitlines()), 1)
            for word in content.split():
                self.assertFalse(len(word) > 8 and word in text, text)


class AccessTests(KeyFileCase):
    """Who may read a key file."""

    def test_mode(self) -> None:
        """A file that group or others may do anything with is refused."""
        self.load(f"1 {FIRST.hex()}")
        for mode in (0o640, 0o604, 0o620, 0o602, 0o601, 0o666):
            self.path.chmod(mode)
            self.assert_refused(
                f" is open to group or others (mode {mode:04o}); expected mode 0600: chmod 600 {self.path}"
            )
        self.path.chmod(0o400)
        self.assertEqual(load_keys(self.path).signing, 1)

    def test_owner(self) -> None:
        """A file of another user is refused."""
        self.load(f"1 {FIRST.hex()}")
        if os.geteuid() == 0:
            os.chown(self.path, 12345, 0)
            self.assert_refused(" belongs to user 12345; expected it to belong to root")
        else:
            own = os.geteuid()
            self.patch(os, "geteuid", lambda: own + 1)
            self.assert_refused(f" belongs to user {own}; expected it to belong to root or user {own + 1}")

    def test_link(self) -> None:
        """What a symbolic link points to is judged, not the link."""
        self.load(f"1 {FIRST.hex()}")
        link = self.path.with_name("link")
        link.symlink_to(self.path.name)
        self.assertEqual(load_keys(link).signing, 1)
        self.path.chmod(0o644)
        error = self.assertRaises(KeyFileError, load_keys, link)
        self.assertIn("open to group or others (mode 0644)", str(error))

    def test_missing(self) -> None:
        """A file that is not there says how to make one."""
        self.assert_refused(
            f" is missing; make it once with `heart keygen {self.path}` and copy it to every node"
        )

    def test_no_file(self) -> None:
        """A folder is refused, and a pipe holds nobody up."""
        self.path.mkdir()
        self.assert_refused(" cannot be read: Is a directory; expected a key file")
        self.path.rmdir()
        os.mkfifo(self.path, 0o600)
        self.assert_refused(" is not a file; expected a key file")

    def test_unreadable(self) -> None:
        """A path that leads nowhere is refused in one line."""
        self.path.write_text("")
        error = self.assertRaises(KeyFileError, load_keys, self.path / "x")
        self.assertEqual(
            str(error), f"{self.path / 'x'} cannot be read: Not a directory; expected a key file"
        )


class NewKeyTests(KeyFileCase):
    """A new key file."""

    def test_written(self) -> None:
        """It has one random key of 32 bytes and is its owner's alone, whatever the umask."""
        for umask in (0o000, 0o077, 0o777):
            previous = os.umask(umask)
            try:
                write_new_key(self.path)
            finally:
                os.umask(previous)
            self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
            keys = load_keys(self.path)
            self.assertEqual([len(key) for key in keys.keys.values()], [32])
            self.path.unlink()

    def test_random(self) -> None:
        """No two are alike."""
        write_new_key(self.path)
        other = self.path.with_name("other")
        write_new_key(other)
        self.assertNotEqual(load_keys(self.path).keys, load_keys(other).keys)

    def test_never_overwrites(self) -> None:
        """What is there stays, even a link to nowhere."""
        expected = f"{self.path} exists already and is left as it is; expected a path where nothing is"
        self.path.write_text("precious")
        self.assertEqual(str(self.assertRaises(KeyFileError, write_new_key, self.path)), expected)
        self.assertEqual(self.path.read_text(), "precious")
        self.path.unlink()
        self.path.symlink_to("nowhere")
        self.assertEqual(str(self.assertRaises(KeyFileError, write_new_key, self.path)), expected)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_no_folder(self) -> None:
        """A folder that is not there is one line."""
        path = self.path / "x"
        error = self.assertRaises(KeyFileError, write_new_key, path)
        self.assertEqual(str(error), f"{path} cannot be written: No such file or directory")

    def test_disk_full(self) -> None:
        """A key that could not be written whole leaves nothing behind."""

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        self.patch(os, "fsync", full)
        error = self.assertRaises(KeyFileError, write_new_key, self.path)
        self.assertEqual(str(error), f"{self.path} cannot be written: No space left on device")
        self.assertFalse(self.path.exists())
