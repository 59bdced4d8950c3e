"""The catalogue for readers: one page for each cause, and how to tell causes apart.

Everything here is derived from causes and predictions, as values; `markdown` and the command line
render the same values.
"""
