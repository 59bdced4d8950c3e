"""The service at its intended size: its real code, 50,000 routes a minute, on this machine."""
