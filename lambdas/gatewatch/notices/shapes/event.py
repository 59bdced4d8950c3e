"""A message as an event of EventBridge: what rules match, and the same document as for programs.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""

from __future__ import annotations

from gatewatch.notices import machine
from gatewatch.notices.card import Card
from gatewatch.notices.gateway_api import api_of

SOURCE = "gatewatch"
_MOST_BYTES = 250_000
"""An entry may have 256 KB, in which its other fields count:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""


def detail_type(card: Card) -> str:
    """Such as `Gatewatch Incident Opened`; `Gatewatch Test` for one about the monitor itself."""
    subject = "Gatewatch" if card.incident is None else "Gatewatch Incident"
    return f"{subject} {card.kind.capitalize()}"


def resources(card: Card) -> tuple[str, ...]:
    """The ARN of the API's stage, where it is known."""
    api = None if card.incident is None else api_of(card.incident)
    return (api.arn,) if api is not None and api.arn is not None else ()


def body(card: Card) -> str:
    """The event's detail."""
    return machine.fitting(card.message, _MOST_BYTES)
