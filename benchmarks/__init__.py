"""Benchmarks: ratios against a peer in the same run, never part of the tests."""
