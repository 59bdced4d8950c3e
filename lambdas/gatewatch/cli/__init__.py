"""The command line: the same core, on a laptop or in CI, without an AWS account."""
