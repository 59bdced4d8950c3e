"""What causes show: one file for each family of causes that answer with the same bytes."""
