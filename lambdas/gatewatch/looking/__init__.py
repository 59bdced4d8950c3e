"""Takes the planned looks and asks on; the one loop of the pipeline."""
