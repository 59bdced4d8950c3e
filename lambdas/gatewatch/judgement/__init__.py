"""Whether a diagnosis is what the owner expects, and whose concern it is if not."""
