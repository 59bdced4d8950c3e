"""CloudWatch mute rules for the maintenance windows that cover all APIs.

A layer's alarm does not distinguish APIs, so a window that covers only some of them mutes none.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from aws_cdk import Duration, TimeZone
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from gatewatch.config.canonical import Window

_TOLD_ALWAYS = "Exposure"


class MuteRules(Construct):
    """One rule for each window; it mutes neither exposures nor the monitor's own health."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        windows: Iterable[Window],
        alarms: Iterable[cloudwatch.Alarm],
    ) -> None:
        super().__init__(scope, construct_id)
        muted = [one for one in alarms if one.node.id != _TOLD_ALWAYS]
        # Equal windows are one; another order of the same windows is the same template.
        for window in sorted({one for one in windows if not one.apis}, key=_name):
            cloudwatch.AlarmMuteRule(
                self,
                _name(window),
                alarms=muted,
                schedule=cloudwatch.ScheduleExpression.expression(
                    _expression(window), TimeZone.of(window.timezone)
                ),
                duration=Duration.minutes(window.for_seconds / 60),
                description="Gatewatch: a maintenance window of all APIs",
            )


def _expression(window: Window) -> str:
    return f"cron({window.cron})" if window.cron else f"at({window.start})"


def _name(window: Window) -> str:
    words = f"{_expression(window)} {window.for_seconds:g} {window.timezone}"
    return f"Window{sha256(words.encode()).hexdigest()[:8]}"
