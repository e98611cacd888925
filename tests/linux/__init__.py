"""Tests of what only Linux has."""
