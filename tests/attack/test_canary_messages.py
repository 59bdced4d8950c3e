"""Canaries in messages: what a real run found out, told in every shape, shows no secret."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

from gatewatch.cli.main import main
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import Incident
from gatewatch.notices import machine
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.message import short_text, text
from gatewatch.notices.shapes import amazon_q, event, sms

from .test_canaries import Planted, leaks, planted  # noqa: F401 - a fixture
from .test_messages import AT, ORIGIN

SHAPES: dict[str, Callable[[Card], str]] = {
    "mail": text,
    "short mail": short_text,
    "sms": sms.body,
    "amazon_q": amazon_q.body,
    "event": event.body,
    "machine": lambda card: machine.written(card.message),
    "shortest": lambda card: machine.shortest(card.message),
}


@pytest.mark.timeout(400)
def test_no_shape_of_a_message_shows_one(
    planted: Planted,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--config", "all.yaml", "--format", "json"])
    told = json.loads(capsys.readouterr().out)["incidents"]
    incidents = msgspec.convert(told, list[Incident])
    cards = [
        card_of("m", kind, AT, one, origin=ORIGIN) for one in incidents for kind in AnnouncementKind
    ]
    outputs = [(name, shape(card)) for card in cards for name, shape in SHAPES.items()]
    mails = "\n".join(said for name, said in outputs if name == "mail")
    assert "AccessDenied" in mails
    assert "curl -gi http://127.0.0.1:" in mails
    assert leaks(outputs, planted.secrets) == []
