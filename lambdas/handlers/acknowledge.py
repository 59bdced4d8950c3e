"""Takes over what PagerDuty or a chat says of who takes care of an incident.

PagerDuty's webhook calls the function's address, EventBridge and a chat's button the function
itself. Its environment, besides what every function has (GATEWATCH_DEPLOYMENT, GATEWATCH_TABLE):

GATEWATCH_SIGNED_WITH  JSON list of references to the secrets that webhooks are signed with
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import msgspec

from gatewatch.adapters.secrets import read_in_account
from gatewatch.config.canonical import SecretRef
from gatewatch.ports import SecretError
from gatewatch.probe.vault import Vault
from gatewatch.service.acknowledgements import answered, unanswerable
from handlers.telemetry import count, logger, measured, stamp
from handlers.wiring import CLOCK, now, table


# The event is never logged, whatever the environment says: strangers may send it.
@logger.inject_lambda_context(log_event=False)
@measured
def handler(event: dict[str, Any], context: Any) -> Mapping[str, object]:
    stamp()
    try:
        answer, is_refused = answered(event, partial(_secrets, now()), table(), now())
    except SecretError as error:
        logger.error("secret_unreadable", reason=str(error), next=error.remedy)
        answer, is_refused = unanswerable(), True
    count("AcknowledgementsRefused", int(is_refused))
    return answer


def _secrets(at: datetime) -> Sequence[str]:
    """Read once a minute at most, however often somebody calls."""
    vault = _vault(at.replace(second=0, microsecond=0))
    return [vault.secret(one) for one in _references()]


@lru_cache(maxsize=1)
def _vault(minute: datetime) -> Vault:
    return Vault(read_in_account, CLOCK)


def _references() -> list[SecretRef]:
    given = os.environ.get("GATEWATCH_SIGNED_WITH", "[]")
    return msgspec.json.decode(given, type=list[SecretRef])
