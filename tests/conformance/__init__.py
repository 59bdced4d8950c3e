"""Does the sandbox answer as AWS was recorded to? Each recorded row is staged by configuration."""
