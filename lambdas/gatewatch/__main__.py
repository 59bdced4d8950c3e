"""`python -m gatewatch` is the `gatewatch` command."""

from __future__ import annotations

from gatewatch.cli.main import main

if __name__ == "__main__":
    main()
