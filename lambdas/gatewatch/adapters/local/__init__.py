"""Adapters for a laptop or a CI machine: files, environment, SQLite."""
