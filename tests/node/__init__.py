"""Tests of heart.node."""
