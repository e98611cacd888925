"""Tests of heart.process."""
