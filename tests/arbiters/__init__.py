"""Tests of heart.arbiters."""
