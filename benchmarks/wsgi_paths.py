"""Paths of the two routes that only the benchmark has."""

BARE = "/bench/bare"
GUARDED = "/bench/guarded"
