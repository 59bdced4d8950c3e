"""What must be said of an incident, in which words. It sends nothing."""
