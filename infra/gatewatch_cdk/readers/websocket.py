"""Reads a WebSocket API: its entrances, and that its own routes cannot be looked at.

They are reached by messages after a handshake, which the prober does not send: without it, the
gateway answers any request to them with 403, as if the stage did not exist. The management of
connections, below /@connections, takes signed requests over HTTPS.
"""

from __future__ import annotations

from dataclasses import replace

from gatewatch_cdk.readers.entrances import method_arns
from gatewatch_cdk.readers.http import ApiV2, id_of, read_http
from gatewatch_cdk.readers.reading import OwnCall, Reading
from gatewatch_cdk.readers.stages import GivenStage
from gatewatch_cdk.readers.tree import Tree

_MANAGEMENT = "/@connections/"


def read_websocket(api: ApiV2, given: GivenStage | None, tree: Tree) -> Reading:
    return replace(
        read_http(api, given, tree),
        routes=(),
        unread=(
            "the routes of a WebSocket API are not watched: they need a handshake, which "
            f"Gatewatch does not send; only paths below {_MANAGEMENT} can be"
        ),
        calls=(OwnCall("execute-api:ManageConnections", method_arns(api, id_of(api))),),
        below=_MANAGEMENT,
        tells_iam=False,
    )
