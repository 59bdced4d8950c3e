"""Where a request stopped and why: diagnosis by elimination."""
