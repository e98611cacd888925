"""Tests of heart.config.toml."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from heart.config.problems import ConfigurationErrors
from heart.config.toml import LARGEST, read_toml


class TomlTests(SynchronousTestCase):
    """A file is read, or refused in one line."""

    def setUp(self) -> None:
        """Choose a file."""
        self.file = Path(self.mktemp())

    def assert_refused(self, content: bytes, text: str) -> None:
        """The content is refused with exactly this line after the file's name."""
        self.file.write_bytes(content)
        errors = self.assertRaises(ConfigurationErrors, read_toml, self.file)
        self.assertEqual(errors.lines, (f"{self.file}: {text}",))

    def test_read(self) -> None:
        """A good file gives its tables."""
        self.file.write_text("[a]\nb = 1\n")
        self.assertEqual(read_toml(self.file), {"a": {"b": 1}})

    def test_not_there(self) -> None:
        """A file that is not there, or a folder, is one line."""
        errors = self.assertRaises(ConfigurationErrors, read_toml, self.file)
        expected = "cannot be read: No such file or directory; expected a TOML file"
        self.assertEqual(errors.lines, (f"{self.file}: {expected}",))
        self.file.mkdir()
        errors = self.assertRaises(ConfigurationErrors, read_toml, self.file)
        self.assertEqual(
            errors.lines, (f"{self.file}: cannot be read: Is a directory; expected a TOML file",)
        )

    def test_syntax(self) -> None:
        """A fault of syntax is told with its line, at the file's end too."""
        self.assert_refused(b'a = 1\nb = "x', "line 2: not valid TOML: Unterminated string")
        self.assert_refused(b"a = 1\n\nb == 1\n", "line 3: not valid TOML: Invalid value")

    def test_node_twice(self) -> None:
        """A table that is there twice is named with the line of the second."""
        self.assert_refused(
            b"[nodes.alpha]\n[nodes.beta]\n\n[nodes.alpha]\n",
            "line 4: table nodes.alpha is given twice; expected it once: merge the two",
        )
        self.assert_refused(
            b'[nodes."a.b"]\n[nodes."a.b"]\n',
            'line 2: table nodes."a.b" is given twice; expected it once: merge the two',
        )

    def test_key_twice(self) -> None:
        """A key that is there twice is told with the line of the second."""
        expected = "this key is given twice in its table; expected it once"
        self.assert_refused(b"a = 1\na = 2\n", f"line 2: {expected}")
        self.assert_refused(b"b = 0\na = 1\na = 2", f"line 3: {expected}")

    def test_not_text(self) -> None:
        """Bytes that are no text are told with their line."""
        self.assert_refused(b"a = 1\nb = '\xff'\n", "line 2: expected UTF-8 text")

    def test_absurd(self) -> None:
        """Numbers, lists and files beyond all measure are one line too."""
        expected = "expected a TOML file without such long numbers or such deep lists"
        self.assert_refused(b"a = " + b"[" * 100_000, expected)
        self.assert_refused(b"a = " + b"9" * 5000, expected)
        self.assert_refused(b"#" * (LARGEST + 1), f"expected a TOML file of at most {LARGEST} bytes")
