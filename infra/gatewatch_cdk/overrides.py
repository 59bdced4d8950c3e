"""Stops a synthesis whose templates are not as `watch` has read the constructs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import aws_cdk as cdk
import jsii

from gatewatch_cdk.readers.afterwards import Difference, Snapshot, differences


@jsii.implements(cdk.IPolicyValidationPlugin)
class AsRead:
    """Compares the finished templates with what was read; the CDK asks once all are written."""

    def __init__(self, read: Callable[[], Sequence[Snapshot]]) -> None:
        """`read`: what was read of the constructs, once they are complete."""
        self._read = read

    @property
    def name(self) -> str:
        return "gatewatch"

    @property
    def version(self) -> None:
        return None

    @property
    def rule_ids(self) -> None:
        return None

    def validate(self, _: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        found = list(differences(self._read()))
        return cdk.PolicyValidationPluginReport(
            success=not found, violations=[_violation(one) for one in found]
        )


def _violation(one: Difference) -> cdk.PolicyViolation:
    """Each has a rule of its own, so that one can be acknowledged without the others."""
    place = one.snapshot
    return cdk.PolicyViolation(
        rule_name=f"overridden[{place.path}]",
        description=(
            f"{place.path} is not as Gatewatch has read it, so that it would be watched for what "
            f"it is not: {one.text}. Set it on the construct, and not by an override or later; or "
            "give access in routes (or url), and acknowledge this"
        ),
        severity="error",
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=place.logical_id,
                template_path=str(place.template),
                locations=[],
            )
        ],
    )
