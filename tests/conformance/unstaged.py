"""Rows that the sandbox cannot be brought to answer, and why."""

from __future__ import annotations

from collections.abc import Mapping

_OTHER_SERVICE = "another service answered, which the sandbox does not serve: "
_OLD_WORDS = "AWS words this refusal in another way since 2025"


def _each(rows: str, because: str) -> dict[str, str]:
    return dict.fromkeys(rows.split(), because)


UNSTAGED: Mapping[str, str] = {
    **_each("as-001 ms-049 ms-050", f"{_OTHER_SERVICE}AppSync"),
    **_each("as-002", f"{_OTHER_SERVICE}a Cognito user pool's endpoint"),
    **_each("fd-104", f"{_OTHER_SERVICE}another company's bot protection"),
    **_each("ms-056", f"{_OTHER_SERVICE}a WebSocket API's handshake"),
    **_each("ms-111 ms-113 ms-117", f"{_OTHER_SERVICE}the WebSocket management API"),
    **_each("rt-026 fd-022", f"{_OLD_WORDS}: then the header was echoed in clear"),
    **_each("iam-010 fd-041", f"{_OLD_WORDS}: then without the policy's kind"),
    **_each("fd-068", f"{_OLD_WORDS}: then without the policy's kind"),
    **_each("cu-002", "which of the owner's wordings a scheme of his own gets was not recorded"),
}
