"""Benchmarks: every figure beside its ratio to a ceiling measured in the same run on the same machine."""
