"""The deployed service: what each Lambda does, with everything outside passed in.

Dispatch deals out what is due, probe looks and tracks, and one writer for each API tells it.
"""
