"""Tests of plug-ins: found, kept from doing harm, and who may bring them."""
