"""Takes secrets out of what is stored, printed or sent."""
