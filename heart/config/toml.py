"""A TOML file from the disk, or one line that says why it cannot be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from heart.config.problems import ConfigurationErrors, Problems, spell

LARGEST = 1_048_576  # bytes; a cluster of a hundred nodes needs a hundredth of it

_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
_TWICE = re.compile(r"Cannot declare \((.*)\) twice", re.DOTALL)
_KEY = re.compile(r"'((?:[^'\\]|\\.)*)'")


def read_toml(file: Path) -> dict[str, object]:
    """The content of the file. Raises ConfigurationErrors with one line."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise _refusal(file, f"cannot be read: {error.strerror}; expected a TOML file") from None
    if len(content) > LARGEST:
        raise _refusal(file, f"expected a TOML file of at most {LARGEST} bytes")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise _refusal(file, f"line {_line_of(content, error.start)}: expected UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _refusal(file, _explain(str(error), content)) from None
    except (ValueError, RecursionError):
        raise _refusal(file, "expected a TOML file without such long numbers or such deep lists") from None


def _explain(text: str, content: bytes) -> str:
    """The parser's words with the line first, and a table given twice in words that need no parser."""
    match = _POSITION.fullmatch(text)
    complaint, line = (match[1], match[2]) if match else (text, None)
    place = f"line {line or _line_of(content.rstrip(), len(content))}"
    twice = _TWICE.fullmatch(complaint)
    if twice:
        table = spell(tuple(_KEY.findall(twice[1])))
        return f"{place}: table {table} is given twice; expected it once: merge the two"
    if complaint == "Cannot overwrite a value":
        return f"{place}: this key is given twice in its table; expected it once"
    return f"{place}: not valid TOML: {complaint}"


def _line_of(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def _refusal(file: Path, text: str) -> ConfigurationErrors:
    problems = Problems(str(file))
    problems.error((), text)
    return ConfigurationErrors(problems.errors)
