"""Tests of heart.simulation."""
