"""Implementations of the ports: one external service or format per file."""
