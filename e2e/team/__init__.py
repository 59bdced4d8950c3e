"""Another team's app and its monitor: run outside this repository."""
