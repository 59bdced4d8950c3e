"""AWS behind the ports, one service per file. botocore is imported at the first call."""
