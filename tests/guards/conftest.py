"""The access matrix's callers and calls, as fixtures."""

from guards.matrix import call, callers, lines

__all__ = ["call", "callers", "lines"]
