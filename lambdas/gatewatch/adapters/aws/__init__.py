"""AWS behind the ports, one service a file. botocore is imported when something is first asked."""
