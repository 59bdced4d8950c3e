"""The Lambda functions: what AWS calls, the adapters made real, one call into the core."""
