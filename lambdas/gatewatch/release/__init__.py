"""Whether a release may stay: what its looks show, against what was known before it.

Pure: `verify` takes the looks. Nothing here sends, stores or reads a clock.
"""
