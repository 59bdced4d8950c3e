"""Releases verified in the account: who calls, what comes of it, and one answer."""
