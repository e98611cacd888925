"""Tests of heart.links."""
