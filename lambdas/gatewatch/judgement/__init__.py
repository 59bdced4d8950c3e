"""Whether what was diagnosed is what the owner expects, and whose concern it is if not."""
