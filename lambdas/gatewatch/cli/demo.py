"""`gatewatch demo`: a local API that one deployment after the other breaks."""

from __future__ import annotations

from gatewatch.cli.extras import need_sandbox


def demo() -> None:
    """Watch a sandbox API break in five ways, and see each incident open and resolve.

    Nothing leaves this machine and no account is needed. A minute passes with every tick.

    **Example**

    ```
    gatewatch demo
    ```
    """
    need_sandbox()
    from gatewatch.cli.story import stage

    with stage() as watcher:
        watcher.play()
