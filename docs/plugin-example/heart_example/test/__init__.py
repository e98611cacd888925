"""Tests of these kinds: `python -m twisted.trial heart_example`."""
