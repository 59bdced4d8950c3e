"""Reads what people paste: JSON exchanges, curl output, raw responses. Offline; never raises."""
