"""A cause's commands with what the evidence knows of API, stage, region, method and path."""

from __future__ import annotations

import re

from gatewatch.cause import Cause, sections
from gatewatch.gateway import body as bodies
from gatewatch.gateway.denial import read
from gatewatch.gateway.url import parse
from gatewatch.model import Exchange

_PLACEHOLDER = re.compile(r"<(\w+)>")


def filled(text: str, exchange: Exchange) -> str:
    """Placeholders that the evidence does not fill stay as they are, for a person to fill."""
    known = _known(exchange)
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), text)


def _known(exchange: Exchange) -> dict[str, str]:
    address = parse(exchange.request.url)
    rest = address.segments[1:] if address.stage else address.segments
    headers = {name.lower(): value for name, value in exchange.response.headers.items()}
    known = {
        "url": exchange.request.url,
        "host": address.host,
        "method": exchange.request.method,
        "path": "/" + "/".join(rest),
        "api_id": address.api_id,
        "region": address.region,
        "stage": address.stage,
        "request_id": headers.get("x-amzn-requestid") or headers.get("apigw-requestid"),
        **_by_arn(exchange),
    }
    return {name: value for name, value in known.items() if value}


def _by_arn(exchange: Exchange) -> dict[str, str]:
    """A denial names the method that the gateway matched, whatever the URL looked like."""
    denial = read(bodies.read(exchange.response.body).message)
    if denial is None or denial.arn is None:
        return {}
    arn = denial.arn
    return {"api_id": arn.api_id, "region": arn.region, "stage": arn.stage}


def next_command(cause: Cause, exchange: Exchange) -> str | None:
    """The first command that would confirm a cause; None where none is known."""
    lines = sections(cause).get("Confirm", "").splitlines()
    command: list[str] = []
    for line in lines:
        if line.startswith("    "):
            command.append(line[4:])
        elif command:
            break
    return filled("\n".join(command), exchange) if command else None
