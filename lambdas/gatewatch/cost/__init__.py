"""What a configuration costs a month, on both sides, and which quotas of AWS's it touches."""
