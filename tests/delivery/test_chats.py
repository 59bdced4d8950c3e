"""What a chat shows of an incident: valid, the most urgent first, and short at its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from gatewatch.delivery.post import MisledError
from gatewatch.delivery.shapes import slack, teams
from gatewatch.delivery.shortest import shortest
from gatewatch.model import EXPOSURES, Candidate, Incident, Layer, Severity
from gatewatch.notices.bulletin import PAUSED, RESUMED, TEST, Bulletin, bulletin_card
from gatewatch.notices.card import Block, Card, Fact, Link, card_of
from gatewatch.notices.steps import Line
from tests.delivery.chats import CHATS, HOOKS, URLS, problems, said
from tests.notices.test_message import EXPOSED, ID, LATER, MESSAGES, OPENED, ORIGIN, member


def card(name: str = "opened") -> Card:
    kind, incident, news = MESSAGES[name]
    return card_of("4f1d", kind, LATER, incident, origin=ORIGIN, news=news)


def of(incident: Incident) -> Card:
    return card_of("4f1d", "opened", LATER, incident, origin=ORIGIN)


BULLETINS = {
    kind: bulletin_card(
        Bulletin(
            message_id="b1",
            kind=kind,
            at=LATER,
            channel="",
            by="user/alice",
            version="1.0.0",
            why="a move",
            until="2026-11-22T15:00:00+00:00",
        ),
        ORIGIN,
    )
    for kind in (TEST, PAUSED, RESUMED)
}
VERY_MANY = changed(
    OPENED,
    members=tuple(member(f"GET /orders/{number}/{'x' * 90}") for number in range(10_000)),
    candidates=tuple(Candidate(f"cause_{number}", Layer.AUTH) for number in range(500)),
    because="y" * 10_000,
)
CARDS = {
    **{name: card(name) for name in MESSAGES},
    **BULLETINS,
    "very_many": of(VERY_MANY),
    "very_many_bytes": of(
        changed(VERY_MANY, members=tuple(member(f"GET /{'é' * 400}{n}") for n in range(111)))
    ),
    "its_shortest": shortest(of(VERY_MANY)),
    "empty_texts": of(
        changed(OPENED, api="", stage="", cause="", because="", runbook=" ", team="", scope="")
    ),
}


WIDE = "\U0001f600" * 900
CARDS["the_longest_of_all"] = replace(
    CARDS["very_many_bytes"],
    symptom=WIDE,
    news=(WIDE,) * 20,
    owned=(
        *(Fact(label="owner", value=WIDE) for _ in range(2)),
        *(Fact(label="take over", value=WIDE, is_command=True) for _ in range(3)),
    ),
    place=tuple(Fact(label="deployment", value=WIDE) for _ in range(3)),
    links=tuple(Link(text=WIDE, href=f"https://x.example/{n}{'x' * 1900}") for n in range(9)),
)


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("one", CARDS.values(), ids=CARDS)
def test_a_message_is_what_the_chat_takes(chat: str, one: Card) -> None:
    assert problems(chat, CHATS[chat](one)) == []


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_of_an_incident_names_it(chat: str, name: str) -> None:
    assert any(ID in one for one in said(chat, card(name)))


@pytest.mark.parametrize("name", MESSAGES)
def test_amazon_q_keeps_an_incident_in_one_thread(name: str) -> None:
    assert json.loads(CHATS["amazon_q"](card(name)))["metadata"]["threadId"] == ID


TAKE_OVER = f"gatewatch ack {ID} --stack Gatewatch --region eu-west-1"


@pytest.mark.parametrize("chat", CHATS)
def test_the_command_that_takes_over_is_as_it_is_typed(chat: str) -> None:
    assert any(TAKE_OVER in one for one in said(chat, card()))


@pytest.mark.parametrize("chat", CHATS)
def test_what_is_over_is_not_to_be_taken_over(chat: str) -> None:
    assert not any("gatewatch ack" in one for one in said(chat, card("resolved")))


@pytest.mark.parametrize("chat", CHATS)
def test_a_command_of_several_lines_can_be_pasted(chat: str) -> None:
    shown = "\n".join(said(chat, card()))
    whole = shown.replace("\\\n", "").replace("    ", "")
    assert "--stage-name prod --region us-east-1 --query deploymentId --output text" in whole


@pytest.mark.parametrize("chat", CHATS)
def test_the_symptom_comes_first(chat: str) -> None:
    shown = said(chat, card())
    told = [one for one in shown if "refused at routing or auth" in one]
    assert told
    first = next(n for n, one in enumerate(shown) if one.endswith("look-alikes)"))
    assert first < next(n for n, one in enumerate(shown) if "owner" in one)


SEVERITIES = {
    Severity.CRITICAL: ("\U0001f534", "attention"),
    Severity.HIGH: ("\U0001f7e0", "warning"),
    Severity.MEDIUM: ("\U0001f7e1", "warning"),
    Severity.LOW: ("\U0001f535", "accent"),
}


def slack_of(one: Card) -> Any:
    return json.loads(CHATS["slack"](one))


def adaptive(one: Card) -> Any:
    return json.loads(CHATS["teams"](one))["attachments"][0]["content"]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_how_grave_it_is_shows_at_a_glance(severity: Severity) -> None:
    one = of(changed(OPENED, severity=severity))
    mark, style = SEVERITIES[severity]
    assert slack_of(one)["blocks"][0]["text"]["text"].startswith(mark)
    assert json.loads(CHATS["amazon_q"](one))["content"]["title"].startswith(mark)
    assert adaptive(one)["body"][0]["style"] == style


@pytest.mark.parametrize("chat", CHATS)
def test_the_end_is_green_and_short(chat: str) -> None:
    over = CHATS[chat](card("resolved"))
    assert "\U0001f7e2" in over.decode()
    assert len(over) < len(CHATS[chat](card("joined"))) * 2 / 3


def test_the_end_has_the_colour_of_the_end() -> None:
    assert slack_of(card("resolved"))["attachments"][0]["color"] == "#2e7d32"
    assert adaptive(card("resolved"))["body"][0]["style"] == "good"


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("finding", sorted(EXPOSURES))
def test_an_exposure_shows_nobody_the_way_in(chat: str, finding: Any) -> None:
    shown = "\n".join(said(chat, of(changed(EXPOSED, finding=finding))))
    for one in ("curl", "Missing Authentication Token", "execute-api", "evidence:"):
        assert one not in shown


NEW = replace(
    card(),
    facts=(*card().facts, Fact(label="expected", value="200"), Fact(label="got", value="403")),
    owned=(*card().owned, Fact(label="mute", value="gatewatch mute orders", is_command=True)),
    blocks=(*card().blocks, Block(title="call it", lines=(Line("    curl x", is_command=True),))),
    links=(Link(text="dashboard", href="https://console.example/x?y=1#z"), *card().links),
)
ADDED = {
    "a_fact": "expected",
    "its_value": "403",
    "a_command": "gatewatch mute orders",
    "a_block": "curl x",
    "a_link": "https://console.example/x?y=1#z",
}


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize("text", ADDED.values(), ids=ADDED)
def test_whatever_a_card_says_is_shown(chat: str, text: str) -> None:
    assert any(text in one for one in said(chat, NEW))


HREFS = {
    "a_page": ("https://wiki.example/x", True),
    "no_scheme": ("wiki.example/x", False),
    "a_script": ("javascript:alert(1)", False),
    "data": ("data:text/html,x", False),
    "with_a_space": ("https://wiki.example/a b", False),
    "with_a_line": ("https://wiki.example/a\nb", False),
    "with_brackets": ("https://wiki.example/<!channel>", False),
    "with_a_quote": ('https://wiki.example/"x', False),
    "very_long": (f"https://wiki.example/{'x' * 4000}", False),
    "words": ("see the wiki", False),
}


@pytest.mark.parametrize(("href", "is_shown"), HREFS.values(), ids=HREFS)
def test_a_button_leads_only_where_a_browser_goes(href: str, *, is_shown: bool) -> None:
    one = replace(card(), links=(Link(text="runbook", href=href),))
    buttons = [b for b in slack_of(one)["attachments"][0]["blocks"] if b["type"] == "actions"]
    opened = [b for b in adaptive(one)["actions"] if b["type"] == "Action.OpenUrl"]
    assert bool(buttons) is bool(opened) is is_shown


COMMANDS = {
    "plain": ("aws x --query 'a[?b==`c`]'", {"slack": True, "teams": True, "amazon_q": False}),
    "a_file": ("openssl x </dev/null", {"slack": True, "teams": True, "amazon_q": True}),
    "a_fence": ("echo '```'", {"slack": False, "teams": True, "amazon_q": False}),
    "a_mention": ("echo '<!channel>'", {"slack": True, "teams": True, "amazon_q": False}),
    "unseen": ("echo a\u202eb", dict.fromkeys(CHATS, False)),
    "too_long": ("echo " + "x" * 2000, dict.fromkeys(CHATS, False)),
}


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize(("typed", "shown"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_is_shown_as_it_is_typed_or_not_at_all(
    chat: str, typed: str, shown: dict[str, bool]
) -> None:
    one = replace(card(), first=Block(lines=(Line(f"    {typed}", is_command=True),)))
    found = said(chat, one)
    assert any(typed in text for text in found) is shown[chat]
    assert not any("xxx" in text and typed not in text for text in found)


TYPED = {
    "a_backtick": ("gatewatch mute 'a`b'", {"slack": False, "teams": True, "amazon_q": False}),
    "a_link": ("gatewatch mute '<https://x.example|y>'", {"slack": True, "amazon_q": False}),
    "a_placeholder": ("gatewatch mute '<x>'", {"slack": True, "amazon_q": False}),
    "unseen": ("gatewatch mute a\u200eb", dict.fromkeys(CHATS, False)),
    "too_long": (f"gatewatch mute {'&' * 1500}", dict.fromkeys(CHATS, False)),
}


@pytest.mark.parametrize("chat", CHATS)
@pytest.mark.parametrize(("typed", "shown"), TYPED.values(), ids=TYPED)
def test_so_is_one_that_takes_over(chat: str, typed: str, shown: dict[str, bool]) -> None:
    one = replace(card(), owned=(Fact(label="take over", value=typed, is_command=True),))
    assert any(typed in text for text in said(chat, one)) is shown.get(chat, True)
    assert problems(chat, CHATS[chat](one)) == []


def test_a_fix_has_its_place_beside_what_confirms_the_cause() -> None:
    """Of what Amazon Q shows as the next steps."""
    steps = json.loads(CHATS["amazon_q"](card("joined")))["content"]["nextSteps"]
    told = " ".join(steps)
    places = [told.find(one) for one in ("check:", "fix:", "gatewatch ack", "gatewatch mute")]
    assert places == sorted(places)
    assert -1 not in places


@pytest.mark.parametrize("chat", ["slack", "teams"])
def test_an_address_elsewhere_is_not_told(chat: str) -> None:
    shape = {"slack": slack, "teams": teams}[chat]
    with pytest.raises(MisledError) as refused:
        shape.post(card(), HOOKS[chat], lambda _: "https://evil.example/planted-secret")
    assert "planted-secret" not in str(refused.value)


@pytest.mark.parametrize("chat", ["slack", "teams"])
def test_the_address_is_no_part_of_the_message(chat: str) -> None:
    shape = {"slack": slack, "teams": teams}[chat]
    post = shape.post(card(), HOOKS[chat], lambda _: URLS[chat])
    assert post.url == URLS[chat]
    assert b"planted-secret" not in post.body
