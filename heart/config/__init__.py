"""The configuration: one TOML file, the same on every node, read into the records of `model`.

`load` reads it for one node; whatever is wrong with it is told at once, a line for each fault.
"""

from __future__ import annotations

from heart.config.loading import interpret, load
from heart.config.machine import Machine, this_machine
from heart.config.problems import ConfigurationErrors

__all__ = ["ConfigurationErrors", "Machine", "interpret", "load", "this_machine"]
