"""Tests of heart.cli."""
