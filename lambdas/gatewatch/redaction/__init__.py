"""Removes secrets from what is stored, printed or sent."""
