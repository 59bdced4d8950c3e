"""ministack with a public face over TLS, with CloudWatch's missing parts, and with faults.

`python -m e2e.emulated`, with GATEWAY_PORT, AUTH, FRONT_PORT, SITE_PORT, HOOKS_PORT, WORLD and
AWS's own variables.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
import urllib.request

import boto3
from ministack.app import main as serve

from e2e.emulated import gateway
from e2e.emulated.alarms import watch_alarms
from e2e.emulated.front import certified, serve_tls
from e2e.emulated.hooks import serve_hooks
from e2e.emulated.metrics import Metrics
from e2e.emulated.site import serve_site
from e2e.world import World

HEALTH = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_ministack/health"
_PAUSE_SECONDS = 0.5


def observe(world: World) -> None:
    """What CloudWatch does by itself, again and again."""
    while not _is_up():
        time.sleep(0.1)
    metrics, cloudwatch = Metrics(), boto3.client("cloudwatch")
    while True:
        time.sleep(_PAUSE_SECONDS)
        try:
            metrics.take_up_logs()
            metrics.count_messages(world.now())
            watch_alarms(cloudwatch, world.now())
        except Exception:  # noqa: BLE001  the next round tries again; the log tells
            traceback.print_exc()


def _is_up() -> bool:
    try:
        urllib.request.urlopen(HEALTH, timeout=1).close()
    except OSError:
        return False
    return True


def main() -> None:
    world = World.of_process()
    gateway.amend(world)
    context, behind = certified(world), int(os.environ["GATEWAY_PORT"])
    serve_tls(context, int(os.environ["FRONT_PORT"]), behind)
    serve_hooks(context, int(os.environ["HOOKS_PORT"]), world)
    serve_site(context, int(os.environ["SITE_PORT"]), behind)
    threading.Thread(target=observe, args=(world,), daemon=True).start()
    sys.argv = ["ministack"]
    serve()


if __name__ == "__main__":
    main()
