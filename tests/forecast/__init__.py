"""Tests of heart.forecast."""
