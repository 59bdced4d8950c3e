"""The gates that a request passes, one file each. Each may answer; the first that does ends it."""
