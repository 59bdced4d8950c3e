"""Simulated nights: what on-call hears over time, in both worlds, on a virtual clock."""
