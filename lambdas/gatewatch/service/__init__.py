"""The deployed service: what each Lambda does, with everything outside passed in.

Dispatch distributes due routes, probe looks and tracks, and one writer for each API announces.
"""
