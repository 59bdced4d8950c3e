"""The heartbeat to a topic, whose subscribers notice where it stops."""

from __future__ import annotations

from gatewatch.adapters.aws.client import client, region_of
from gatewatch.delivery.deliver import beat_document
from gatewatch.delivery.outcome import Later, Outcome, Taken
from gatewatch.delivery.parcel import Beat


def published_beat(beat: Beat) -> Outcome:
    """Whatever the topic refuses, a later beat may get through."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    arn = beat.to.topic
    attributes = {"kind": "heartbeat", "deployment": beat.deployment or ""}
    try:
        client("sns", region_of(arn)).publish(
            TopicArn=arn,
            Subject="Gatewatch is alive",
            Message=beat_document(beat).decode(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        )
    except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code")
        return Later(because=f"{arn}: {code or type(error).__name__}")
    return Taken()
