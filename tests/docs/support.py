"""Where the documents are, and tables out of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def load_script(name: str) -> ModuleType:
    """A script of docs/, as a module."""
    if str(DOCS) not in sys.path:
        sys.path.append(str(DOCS))
    return importlib.import_module(name)


def table(document: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading of a document, without its head, cell by cell."""
    text = (DOCS / document).read_text()
    _, found, below = text.partition(f"\n{heading}\n")
    if not found:
        raise LookupError(f"{document} has no heading {heading!r}")
    lines = below.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
