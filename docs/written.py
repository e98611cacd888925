"""What the scripts here have in common: each writes one file, or says whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def write_or_check(file: Path, text: Callable[[], str]) -> int:
    """Write `text` into the file, or with --check say whether it is in there; the exit code."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        print("expected nothing or --check", file=sys.stderr)
        return 1
    if not arguments:
        file.write_text(text())
    elif not file.exists() or file.read_text() != text():
        print(f"{file} is not what the code makes: run python docs/{Path(sys.argv[0]).name}", file=sys.stderr)
        return 1
    return 0
