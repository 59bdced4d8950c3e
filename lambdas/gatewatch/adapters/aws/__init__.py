"""AWS behind the ports, one service a file. boto3 is imported when something is first asked."""
