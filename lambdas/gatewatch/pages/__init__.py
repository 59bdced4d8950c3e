"""What the catalogue says to people: one page for each cause, and the way to tell them apart.

Everything here is derived from causes and signatures, as values; `markdown` and the command line
render the same values.
"""
