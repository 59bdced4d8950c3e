"""From verdicts to incidents, and what must be said of them."""
