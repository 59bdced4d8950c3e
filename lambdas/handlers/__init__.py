"""The Lambda functions: AWS's entry points, which create the adapters and call the core once."""
