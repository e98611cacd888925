"""Tests of heart.core."""
