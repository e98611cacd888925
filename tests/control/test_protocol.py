"""The lines of the control socket."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from heart.control.protocol import BadRequest, decode_request, encode_line, error_line


class EncodeTests(SynchronousTestCase):
    """Values to lines."""

    @given(st.recursive(st.none() | st.floats() | st.text(), st.lists))
    def test_any_value(self, value: object) -> None:
        """Whatever is said takes one line, and can be read again."""
        line = encode_line(value)
        self.assertEqual((line.count(b"\n"), line[-1:]), (1, b"\n"))
        json.loads(line.decode("utf-8"))

    def test_what_json_lacks(self) -> None:
        """NaN and infinity become null; what has no form of its own is written as text."""
        value = {"heard": float("inf"), "all": [float("nan"), 1.5], "path": Path("/run"), "pair": (1, 2)}
        self.assertEqual(
            json.loads(encode_line(value)),
            {"heard": None, "all": [None, 1.5], "path": "/run", "pair": [1, 2]},
        )

    def test_undecodable_text(self) -> None:
        """Bytes that were no UTF-8, as a script may print them, come through."""
        text = b"caf\xe9".decode("utf-8", "surrogateescape")
        self.assertEqual(json.loads(encode_line(text)), text)

    def test_error(self) -> None:
        """An error is an object with nothing but the error."""
        self.assertEqual(json.loads(error_line("no")), {"error": "no"})


class DecodeTests(SynchronousTestCase):
    """Lines to requests."""

    def test_good(self) -> None:
        """A request keeps its arguments."""
        request = {"command": "events", "follow": True}
        self.assertEqual(decode_request(encode_line(request)), request)

    def test_bad(self) -> None:
        """What is no object with a command's name is refused with what was expected."""
        for line in (
            b"",
            b"\n",
            b"status",
            b"[]",
            b"{}",
            b'{"command": 1}',
            b"\xff",
            b"[" * 60_000,
            b"9" * 60_000,
        ):
            error = self.assertRaises(BadRequest, decode_request, line)
            self.assertIn('{"command": "status"}', str(error))

    @given(st.binary(max_size=200))
    def test_anything(self, line: bytes) -> None:
        """No bytes cause anything but a refusal."""
        try:
            self.assertIsInstance(decode_request(line)["command"], str)
        except BadRequest as error:
            self.assertNotIn("\n", str(error))
