"""What stands on a phone: one part of an SMS, whatever there is to say."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gatewatch.adapters.aws.sns import fitting, shortest
from gatewatch.model import EXPOSURES, Confidence, Finding, Layer
from gatewatch.notices.notice import Notice
from gatewatch.notices.shapes import sms
from tests.attack.test_hostile_text import HOSTILE, hostile
from tests.attack.test_messages import NOTICE, NOTICES
from tests.attack.test_messages import ORIGIN as ELSEWHERE
from tests.notices.shown import card, card_of_notice
from tests.notices.test_message import MESSAGES, OPENED, WIDE, member

# The characters of GSM 03.38 that take the room of one, as far as ASCII has them.
ONE_EACH = re.compile(r"[A-Za-z0-9 @$_!\"#%&'()*+,\-./:;<=>?]*")
MOST = 140
SAYS = {
    "opened": "HIGH OPENED orders prod: GET /orders refused at routing or auth. "
    "Since 11-22 09:00Z. gatewatch ack 01M817SG70E9YY",
    "joined": "HIGH CHANGED orders prod: 3 routes refused at routing. Since 11-22 09:00Z. "
    "gatewatch ack 01M817SG70E9YY",
    "reminder": "HIGH REMINDER orders prod: GET /orders refused at routing or auth. "
    "Since 11-22 09:00Z. gatewatch incidents 01M817SG70E9YY",
    "resolved": "HIGH RESOLVED orders prod: 2 routes refused at routing. Lasted 6m 10s. "
    "gatewatch incidents 01M817SG70E9YY",
    "exposed": "CRITICAL OPENED orders prod: 2 routes open to everybody. Since 11-22 09:00Z. "
    "gatewatch ack 01M817SG70E9YY",
    "test": "TEST: a message of Gatewatch, nothing is wrong",
    "paused": "PAUSED: orders, shop are not looked at until 2026-11-22 13:05:00 UTC",
    "resumed": "RESUMED: orders, shop are looked at again",
}


@pytest.mark.parametrize("name", SAYS)
def test_a_phone_shows_what_matters(name: str) -> None:
    assert sms.body(card(name)) == SAYS[name]


def fits(text: str) -> None:
    assert 0 < len(text) <= MOST
    assert ONE_EACH.fullmatch(text)


@given(NOTICES)
@settings(max_examples=100)
def test_whatever_is_to_be_said_fits_into_one_part(notice: Notice) -> None:
    fits(sms.body(card_of_notice(notice)))


@pytest.mark.parametrize("name", WIDE)
def test_much_fits_into_one_part(name: str) -> None:
    fits(sms.body(card_of_notice(replace(NOTICE, incident=WIDE[name]))))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_fits_into_one_part_and_leaves_the_rest(text: str) -> None:
    said = sms.body(card_of_notice(replace(NOTICE, incident=hostile(text))))
    fits(said)
    assert said.startswith("HIGH OPENED ")
    assert " refused at routing" in said
    assert said.endswith("gatewatch ack 01KAGR00000000")


@pytest.mark.parametrize("finding", Finding)
@pytest.mark.parametrize("layer", [Layer.INTEGRATION, Layer.UNKNOWN])
def test_the_matter_is_said_however_long_the_names_are(finding: Finding, layer: Layer) -> None:
    long = replace(
        OPENED,
        api="a" * 200,
        finding=finding,
        layer=layer,
        confidence=Confidence.LIKELY,
        members=(member(f"DELETE /{'x' * 700}"),),
    )
    said = sms.body(card_of_notice(replace(NOTICE, incident=long)))
    fits(said)
    assert "aaaaaa.." in said
    assert "DELETE /xx" in said
    assert sms._basic(sms.what_phrase(long)) in said


def test_braces_of_a_route_take_the_room_of_one() -> None:
    one = replace(OPENED, members=(member("GET /orders/{id}"),))
    assert "GET /orders/(id) refused" in sms.body(card_of_notice(replace(NOTICE, incident=one)))


@pytest.mark.parametrize("finding", sorted(EXPOSURES))
def test_an_exposure_shows_no_evidence(finding: Finding) -> None:
    said = sms.body(card_of_notice(replace(NOTICE, incident=replace(OPENED, finding=finding))))
    assert not re.search("Missing|curl|https|abc123", said)


@pytest.mark.parametrize("shape", [fitting, shortest], ids=["full", "shortest"])
def test_a_phone_at_any_topic_gets_one_part(shape: object) -> None:
    """Not the text for mail, which would take eight."""
    for kind, incident, news in MESSAGES.values():
        one = replace(NOTICE, kind=kind, incident=incident, news=news)
        fits(json.loads(shape(one, ELSEWHERE))["sms"])  # type: ignore[operator]
