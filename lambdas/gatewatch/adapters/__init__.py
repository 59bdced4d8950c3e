"""Ports made real: one outside service or format a file."""
