"""Runs external commands: each in a session of its own, for a bounded time, with its output caught."""

from heart.process.call import Call, Outcome, Reactor, run

__all__ = ["Call", "Outcome", "Reactor", "run"]
