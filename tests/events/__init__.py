"""Tests of heart.events."""
