"""Tests of heart.status."""
