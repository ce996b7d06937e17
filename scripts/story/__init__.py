"""The story `make demo` tells, through HTTP only."""
