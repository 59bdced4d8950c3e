"""Who sits at this machine."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """The login name; the number, where a container knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}"
