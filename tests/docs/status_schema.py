"""docs/status.schema.json, held against a status: for every test that has one in hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from tests.docs.support import DOCS

SCHEMA: dict[str, Any] = json.loads((DOCS / "status.schema.json").read_text())

_VALIDATOR = Draft202012Validator(SCHEMA)


def assert_fits(status: Mapping[str, Any] | None) -> None:
    """Raise AssertionError with a line for each thing in which a status is not as documented."""
    errors = sorted(_VALIDATOR.iter_errors(status), key=lambda error: error.json_path)
    if errors:
        lines = [f"{error.json_path}: {error.message}" for error in errors]
        raise AssertionError("\n".join(["the status does not fit docs/status.schema.json:", *lines]))
