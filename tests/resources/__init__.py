"""Tests of heart.resources."""
