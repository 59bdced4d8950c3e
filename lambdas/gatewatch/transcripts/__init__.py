"""What people paste: JSON exchanges, curl's output, raw responses. Offline, and never an error."""
