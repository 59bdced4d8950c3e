"""The stack as CloudFormation would get it: no account, no network, one synthesis for all."""
