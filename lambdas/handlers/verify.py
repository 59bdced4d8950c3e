"""Verifies a release for whoever calls after a deployment, and answers it exactly once.

Its environment, besides what every function has (GATEWATCH_DEPLOYMENT, GATEWATCH_TABLE,
GATEWATCH_BUCKET, GATEWATCH_POINTER, GATEWATCH_ALLOWED):

GATEWATCH_VERIFY_APIS      JSON list of API names; without it, all
GATEWATCH_VERIFY_SETTINGS  JSON object: for_seconds, every_seconds, deadline_seconds; each optional
GATEWATCH_STACK_ID         the stack whose deployment calls it
GATEWATCH_TWIN_VERIFY      the name of the same function inside the VPC, for private APIs
GATEWATCH_VERIFY_INSIDE    set in that function alone: it takes rounds, and needs nothing else
GATEWATCH_RELEASE          not read: it changes with each deployment, and so the function's version
"""

from __future__ import annotations

from typing import Any

from gatewatch.service.releases.hook import serve
from handlers.telemetry import logger, measured, stamp
from handlers.verifying import desk


# The event is never logged, whatever the environment says: a CodePipeline job brings credentials.
@logger.inject_lambda_context(log_event=False)
@measured
def handler(event: Any, context: Any) -> object:
    stamp()
    return serve(event, desk(context))
