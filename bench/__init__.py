"""The figures that Heart claims, each with the command that produces it: see docs/benchmarks.md."""
