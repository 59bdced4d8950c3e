"""What a configuration costs per month, on both sides, and which AWS quotas it touches."""
