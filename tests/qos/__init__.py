"""Tests of heart.qos."""
