"""Tests of what is installed: slow, because each installs for real. Run them with `make packaging`."""
