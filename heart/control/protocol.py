"""The control socket's format: one request a connection, answered in lines of JSON.

The request is one object on one line, `{"command": NAME, ...}`. The answer is one line, or for `events`
a line for each event, and then the end of the connection. `{"error": TEXT}` is the answer to what cannot
be done. Nothing here knows Twisted, so that a command that asks starts fast.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_LINE = 64 * 1024
"""The longest request, in bytes, its newline included."""

Request = dict[str, Any]


class BadRequest(Exception):
    """What came is no request; the text says in one line what was expected."""


def encode_line(value: object) -> bytes:
    """A value as one line of JSON. What JSON has no form for is written as text, NaN and infinity as null."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def error_line(reason: str) -> bytes:
    """The answer to what cannot be done."""
    return encode_line({"error": reason})


def decode_request(line: bytes) -> Request:
    """The request in a line; raises BadRequest."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequest('expected one JSON object a line, as in {"command": "status"}') from None
    if not isinstance(request, dict) or not isinstance(request.get("command"), str):
        raise BadRequest('expected an object with the name of a command, as in {"command": "status"}')
    return request


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
