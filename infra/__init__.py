"""The service as CDK constructs: one for each capability, composed by the monitor."""
