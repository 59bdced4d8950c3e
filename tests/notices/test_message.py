"""What people read of an incident, in which order; and that it stays small, plain and harmless."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gatewatch.adapters.aws.sns import fitting
from gatewatch.diagnosis.causes import catalogue
from gatewatch.incidents.acknowledge import acknowledge
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import (
    EXPOSURES,
    Acknowledgement,
    Candidate,
    Confidence,
    Finding,
    Incident,
    Layer,
    Member,
    NextProbe,
    Owner,
    RuledOut,
    Severity,
    Update,
)
from gatewatch.notices.card import card_of
from gatewatch.notices.machine import written
from gatewatch.notices.message import subject, text
from gatewatch.notices.notice import Notice
from gatewatch.notices.origin import Origin
from tests.support import look

WRITTEN = Path(__file__).parent / "messages"
NAME = "Gatewatch"
ORIGIN = Origin(
    account="111122223333",
    region="eu-west-1",
    deployment=NAME,
    stack=NAME,
    dashboard=f"{NAME}-eu-west-1",
)
ID = "01M817SG70E9YYZ58JCSZP1C5X"


def replace_origin(**changes: str) -> Origin:
    return dataclasses.replace(ORIGIN, **changes)


AT = "2026-11-22T09:01:00.654321+00:00"
LATER = "2026-11-22T13:05:00+00:00"
ENTRANCE = "https://abc123.execute-api.us-east-1.amazonaws.com/prod"
SEEN = look(
    "GET HOST/prod/orders with bearer -> rest 403 MissingAuthenticationTokenException "
    "| Missing Authentication Token"
)
PROBE = NextProbe(
    credential="sigv4",
    method="GET",
    url=f"{ENTRANCE}/orders",
    why="404 No method found would mean route_not_found; a success would mean iam_unsigned",
)


def member(route: str = "GET /orders", caller: str = "user", **changes: str | None) -> Member:
    times: dict[str, str | None] = {
        "since": "2026-11-22T09:00:00.123456+00:00",
        "last_good": "2026-11-22T08:59:00.5+00:00",
        **changes,
    }
    return Member(route=route, entrance=ENTRANCE, caller=caller, **times)  # type: ignore[arg-type]


def candidates(**named: Layer) -> tuple[Candidate, ...]:
    return tuple(Candidate(cause, layer) for cause, layer in named.items())


OPENED = Incident(
    id=ID,
    api="orders",
    stage="prod",
    state="open",
    opened_at=AT,
    resolved_at=None,
    layer=Layer.AMBIGUOUS,
    layer_confidence=Confidence.AMBIGUOUS,
    cause="route_not_found",
    confidence=Confidence.AMBIGUOUS,
    candidates=candidates(
        route_not_found=Layer.ROUTING, wrong_method=Layer.ROUTING, iam_unsigned=Layer.AUTH
    ),
    scope="route",
    finding=Finding.REFUSED,
    owner=Owner.API,
    severity=Severity.HIGH,
    members=(member(),),
    updates=(Update(at=AT, text="GET /orders as user: 403 Missing Authentication Token"),),
    ruled_out=(RuledOut("root_without_method", "the path is no root"),),
    next_probe=PROBE,
    evidence=(SEEN,),
    because="403 Missing Authentication Token",
    team="team-orders",
    runbook="https://wiki.example.com/orders",
)
SEVERAL = replace(
    OPENED,
    candidates=candidates(route_not_deployed=Layer.ROUTING),
    layer=Layer.ROUTING,
    layer_confidence=Confidence.CERTAIN,
    cause="route_not_deployed",
    confidence=Confidence.CERTAIN,
    next_probe=None,
    members=(
        member(),
        member("GET /items", since="2026-11-22T09:04:00+00:00", last_good=AT),
        member("POST /orders", "anonymous", since="2026-11-22T09:04:00+00:00", last_good=None),
    ),
)
EXPOSED = replace(
    OPENED,
    finding=Finding.PROTECTED_ROUTE_OPEN,
    severity=Severity.CRITICAL,
    layer=Layer.OK,
    cause="ok",
    confidence=Confidence.CERTAIN,
    candidates=(),
    ruled_out=(),
    because="a call without a credential was answered with 200",
    members=(member(caller="anonymous"), member("POST /orders", "anonymous", last_good=None)),
)
RESOLVED = replace(
    SEVERAL,
    state="resolved",
    resolved_at="2026-11-22T09:07:10.9+00:00",
    members=tuple(replace(one, until="2026-11-22T09:07:10.9+00:00") for one in SEVERAL.members[:2]),
    acknowledged=Acknowledgement(by="user/alice", at=AT, why="rolling back"),
    ended_after="CreateDeployment dep124 of stage prod at 2026-11-22T09:06:20Z by user/alice",
    updates=(
        *SEVERAL.updates,
        Update(at=LATER, text="GET /items as user recovered"),
        Update(at=LATER, text="resolved after 6m 10s"),
    ),
)
UNDECIDED = replace(
    OPENED, finding=Finding.UNDECIDED, severity=Severity.LOW, owner=Owner.CALLER, evidence=()
)
UNREADABLE = replace(
    OPENED,
    finding=Finding.CREDENTIAL_UNREADABLE,
    owner=Owner.CALLER,
    layer=Layer.UNKNOWN,
    cause="unknown",
    candidates=(),
    ruled_out=(),
    next_probe=None,
    evidence=(),
    because="credential partner cannot be read: secret gatewatch/partner: "
    "ResourceNotFoundException; next: aws secretsmanager describe-secret "
    "--secret-id gatewatch/partner",
)
CHANGED_CERTIFICATE = replace(
    OPENED,
    finding=Finding.CERTIFICATE_EXPIRING,
    severity=Severity.LOW,
    candidates=(),
    cause="ok",
    because="the certificate of abc123.execute-api.us-east-1.amazonaws.com is valid for 9 days",
)
TAKEN = acknowledge(OPENED, Acknowledgement(by="user/alice", at=AT, why="rolling back"))
DEPLOYED = replace(
    OPENED,
    preceded_by="CreateDeployment dep123 of stage prod at 2026-11-22T08:59:20Z by role/deployer",
)
MESSAGES = {
    "opened": (AnnouncementKind.OPENED, OPENED, ()),
    "joined": (AnnouncementKind.CHANGED, SEVERAL, ("2 routes joined: GET /items, POST /orders",)),
    "reminder": (AnnouncementKind.REMINDER, TAKEN, ()),
    "escalated": (AnnouncementKind.ESCALATED, OPENED, ()),
    "acknowledged": (AnnouncementKind.ACKNOWLEDGED, TAKEN, ()),
    "resolved": (AnnouncementKind.RESOLVED, RESOLVED, ()),
    "exposed": (AnnouncementKind.OPENED, EXPOSED, ()),
    "undecided": (AnnouncementKind.OPENED, UNDECIDED, ()),
    "unreadable": (AnnouncementKind.OPENED, UNREADABLE, ()),
    "certificate": (AnnouncementKind.OPENED, CHANGED_CERTIFICATE, ()),
    "deployed": (AnnouncementKind.OPENED, DEPLOYED, ()),
}


def as_text(*parts: Any, **more: Any) -> str:
    return text(card_of(*parts, **more))


def document(*parts: Any, **more: Any) -> str:
    return written(card_of(*parts, **more).message)


def told(name: str, origin: Origin = ORIGIN) -> str:
    kind, incident, news = MESSAGES[name]
    said = as_text("4f1d", kind, LATER, incident, origin=origin, news=news)
    return f"{subject(kind, incident)}\n\n{said}\n"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_as_it_was_reviewed(name: str) -> None:
    assert told(name) == (WRITTEN / f"{name}.txt").read_text(encoding="utf-8")


ORDER = (
    "HIGH OPENED: GET /orders refused at routing or auth, orders prod",
    "since:       2026-11-22 09:00:00 UTC",
    "last good:   2026-11-22 08:59:00 UTC",
    "do first",
    "owner:       the API's team (team-orders)",
    f"take over:   gatewatch ack {ID} --stack Gatewatch --region eu-west-1",
    "account:     111122223333",
    "region:      eu-west-1",
    "deployment:  Gatewatch",
    "possible causes:",
    "ruled out:",
    "evidence:",
)


def test_a_message_is_in_the_order_in_which_people_read() -> None:
    said = as_text("m", "opened", AT, OPENED, origin=ORIGIN)
    places = [said.find(part) for part in ORDER]
    assert places == sorted(places)
    assert -1 not in places


def test_what_is_new_stands_right_below_the_first_line() -> None:
    assert told("joined").splitlines()[2:4] == [
        "HIGH CHANGED: 3 routes refused at routing, orders prod (route_not_deployed)",
        "2 routes joined: GET /items, POST /orders",
    ]


def first_things(incident: Incident) -> str:
    said = as_text("m", "opened", AT, incident, origin=ORIGIN)
    return said.partition("do first")[2].partition("owner:")[0]


def test_each_leading_candidate_has_its_step_and_no_layer_is_forgotten() -> None:
    many = candidates(
        route_not_found=Layer.ROUTING,
        wrong_method=Layer.ROUTING,
        route_not_deployed=Layer.ROUTING,
        stage_not_found=Layer.ROUTING,
        iam_unsigned=Layer.AUTH,
        waf_blocked=Layer.AUTH,
    )
    steps = first_things(replace(OPENED, candidates=many))
    told = re.findall(r"^(\w+): ", steps, re.MULTILINE)
    assert told == ["route_not_found", "wrong_method", "route_not_deployed", "iam_unsigned"]


def test_nothing_is_deployed_before_it_is_known_what_it_is() -> None:
    certain = replace(OPENED, candidates=candidates(route_not_found=Layer.ROUTING))
    assert "create-deployment" not in first_things(OPENED)
    assert "aws apigateway create-deployment --rest-api-id abc123" in first_things(certain)


def test_a_command_stands_once() -> None:
    assert first_things(OPENED).count("aws apigateway get-stage") == 1


SPEAKING = [one for one in Finding if one not in {Finding.REFUSED, Finding.UNDECIDED}]


@pytest.mark.parametrize("finding", SPEAKING)
def test_every_finding_has_a_first_thing_to_do(finding: Finding) -> None:
    steps = first_things(replace(OPENED, finding=finding, candidates=(), evidence=()))
    assert "check: " in steps
    assert "fix: " in steps


TELLING = ("MissingAuthenticationToken", '"body":', "curl", "abc123", "us-east-1", "would mean")


@pytest.mark.parametrize("finding", list(Finding))
def test_an_exposure_carries_nothing_to_repeat_it_with(finding: Finding) -> None:
    incident = replace(OPENED, finding=finding)
    said = as_text("m", "opened", AT, incident, origin=ORIGIN)
    found = {one for one in TELLING if one in said}
    assert (found == set()) is (finding in EXPOSURES)
    machine = document("m", "opened", AT, incident, origin=ORIGIN)
    assert ("MissingAuthenticationToken" in machine) is (finding not in EXPOSURES)


def test_nobody_is_told_to_call_a_write_that_is_open() -> None:
    both = first_things(EXPOSED)
    assert "Call GET /orders without a credential" in both
    assert "Do not call POST /orders" in both
    only = first_things(replace(EXPOSED, members=EXPOSED.members[1:]))
    assert "Call " not in only
    assert "gatewatch ack orders 'POST /orders' --stack Gatewatch --region eu-west-1" in only


def test_the_moment_before_which_all_was_good_is_no_later_than_the_beginning() -> None:
    """A route that joins passed until then; that says nothing of when the story began."""
    line = next(one for one in told("joined").splitlines() if one.startswith("last good:"))
    assert line == (
        "last good:   2026-11-22 08:59:00 UTC; 1 of 3 have not passed since they are watched"
    )


def test_what_never_passed_is_said_to_be_so() -> None:
    new = replace(OPENED, members=(member(last_good=None),))
    assert "last good:   never since it is watched" in as_text("m", "opened", AT, new)


def test_a_pass_that_may_have_gone_unwritten_is_said_to_be_possible() -> None:
    vague = replace(OPENED, members=(replace(member(), good_or_later=True),))
    assert "last good:   2026-11-22 08:59:00 UTC or later\n" in as_text("m", "opened", AT, vague)


def test_a_route_that_joined_later_does_not_blur_when_it_was_last_good() -> None:
    late = member("GET /late", since="2026-11-22T09:30:00+00:00", last_good=LATER)
    both = replace(OPENED, members=(member(), replace(late, good_or_later=True)))
    assert "last good:   2026-11-22 08:59:00 UTC\n" in as_text("m", "joined", AT, both)


def test_times_are_told_to_the_second_and_with_their_zone() -> None:
    everything = re.sub(r"https://\S+", "", "\n".join(map(told, MESSAGES)))
    moments = re.findall(r"\d{4}-\d\d-\d\d.\d\d:\d\d\S*( \w+)?", everything)
    assert set(moments) == {" UTC"}
    assert not re.search(r"\d\d:\d\d:\d\d\.", everything)


@pytest.mark.parametrize(("kind", "state"), [("opened", "open"), ("resolved", "resolved")])
def test_a_message_names_the_deployment_before_it_at_its_top(kind: str, state: str) -> None:
    one = replace(DEPLOYED, state=state, resolved_at=LATER if state == "resolved" else None)
    told = as_text("m", kind, LATER, one).splitlines()
    assert told[2] == (
        "began:       40s after CreateDeployment dep123 of stage prod at "
        "2026-11-22 08:59:20 UTC by role/deployer"
    )
    written = json.loads(document("m", kind, LATER, one))
    assert written["incident"]["preceded_by"] == DEPLOYED.preceded_by


def test_a_moment_of_another_zone_is_told_in_utc() -> None:
    moved = replace(OPENED, members=(member(since="2026-11-22T10:00:00+01:00"),))
    assert "since:       2026-11-22 09:00:00 UTC" in as_text("m", "opened", AT, moved)


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (Origin(), f"gatewatch ack {ID}"),
        (Origin(options=("--state", "a b.sqlite3")), f"gatewatch ack {ID} --state 'a b.sqlite3'"),
        (
            Origin(account="1", region="eu-west-1", deployment="Shop", stack="Infra"),
            f"gatewatch ack {ID} --stack Infra --region eu-west-1",
        ),
    ],
    ids=["nobody says where", "a file of this machine", "a stack with another name"],
)
def test_how_to_take_it_over_is_ready_to_paste(origin: Origin, command: str) -> None:
    lines = as_text("m", "opened", AT, OPENED, origin=origin).splitlines()
    assert f"take over:   {command}" in lines
    assert ("deployment:  Shop, stack Infra" in lines) is (origin.stack == "Infra")


def test_whoever_took_it_over_is_named_from_then_on() -> None:
    said = told("reminder")
    assert "acknowledged by user/alice at 2026-11-22 09:01:00 UTC: rolling back" in said
    assert "gatewatch ack" not in said
    machine = json.loads(document("m", "changed", AT, TAKEN))["incident"]
    assert machine["acknowledged"]["by"] == "user/alice"
    assert machine["updates"][-1]["text"] == "acknowledged by user/alice: rolling back"


def test_a_program_is_told_where_it_comes_from_and_what_is_new() -> None:
    whole = json.loads(document("m", "changed", AT, OPENED, origin=ORIGIN, news=("a", "b")))
    assert {name: whole[name] for name in ("account", "region", "deployment", "news")} == {
        "account": "111122223333",
        "region": "eu-west-1",
        "deployment": "Gatewatch",
        "news": ["a", "b"],
    }


LONG_PATH = f"GET /{'/'.join(['part'] * 40)}"


@pytest.mark.parametrize(
    ("incident", "line"),
    [
        (
            replace(OPENED, api="the orders of all customers of our shops in Europe"),
            "HIGH OPENED: GET /orders refused at routing or auth, the orders of all customers of "
            "our shops in...",
        ),
        (
            replace(OPENED, api="ö" * 300),
            "HIGH OPENED: GET /orders refused at routing or auth...",
        ),
        (
            replace(OPENED, members=(member(LONG_PATH),)),
            "HIGH OPENED: GET /part/part/part/part/part/part/part/part/part/part/part/part/part/"
            "part/part/...",
        ),
        (replace(EXPOSED, api="Bestellungen für 東京"), None),
        (replace(EXPOSED, api="a\nb\x1b[2J"), None),
    ],
    ids=["cut at a word", "a word too long", "cut within a path", "not ASCII", "controls"],
)
def test_a_subject_is_short_and_plain(incident: Incident, line: str | None) -> None:
    found = subject("opened", incident)
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", found)
    assert line in (None, found)


@pytest.mark.parametrize(
    ("origin", "end"),
    [
        (ORIGIN, " [111122223333 eu-west-1]"),
        (replace_origin(deployment="shop"), " [shop 111122223333 eu-west-1]"),
        (
            replace_origin(deployment="d" * 128, region="ap-southeast-3"),
            " [ddddddddddddddddd... 111122223333 ap-southeast-3]",
        ),
        (Origin(), ""),
    ],
    ids=["the usual name", "another", "a long one", "this machine"],
)
def test_a_subject_says_which_of_many_deployments_it_is(origin: Origin, end: str) -> None:
    for incident in (OPENED, replace(OPENED, api=LONG_PATH), replace(OPENED, api="\u00e9" * 200)):
        found = subject("opened", incident, origin)
        assert re.fullmatch(r"[\x20-\x7e]{1,99}", found)
        assert found.endswith(end)
        assert found.startswith("HIGH OPENED: ")


def test_a_subject_keeps_the_letters_of_an_accented_name() -> None:
    assert subject("opened", replace(EXPOSED, api="Zürich")).endswith(", Zurich prod")


def notice(incident: Incident) -> Notice:
    return Notice(
        message_id="4f1d",
        kind=AnnouncementKind.OPENED,
        at=AT,
        channel="",
        incident=incident,
        news=("n",) * 99,
    )


HUGE = "/" + "€" * 3000
WIDE = {
    "10,000 routes": replace(OPENED, members=tuple(member(f"GET /{n}") for n in range(10_000))),
    "long routes": replace(OPENED, members=tuple(member(f"GET {HUGE}{n}") for n in range(500))),
    "long evidence": replace(
        OPENED,
        evidence=(replace(SEEN, response=replace(SEEN.response, body="€" * 30_000)),) * 3,
        because="€" * 30_000,
    ),
    "a long history": replace(OPENED, updates=(Update(at=AT, text="€" * 3000),) * 100),
    "all causes": replace(
        OPENED, candidates=tuple(Candidate(one.id, one.layer) for one in catalogue().values())
    ),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_message_fits_however_much_there_is_to_say(name: str) -> None:
    message = fitting(notice(WIDE[name]), ORIGIN)
    assert len(message.encode()) < 256 * 1024
    machine = json.loads(json.loads(message)["sqs"])
    assert machine["members"] == len(WIDE[name].members)
    assert machine["incident"]["members"]


@pytest.mark.parametrize("name", WIDE)
def test_a_text_is_for_people_however_much_there_is_to_say(name: str) -> None:
    said = as_text("m", "opened", AT, WIDE[name], origin=ORIGIN)
    assert len(said.splitlines()) < 150
    assert max(map(len, said.splitlines())) <= 1000


def test_half_of_a_command_is_not_shown() -> None:
    far = replace(SEEN, request=replace(SEEN.request, url=f"{ENTRANCE}/{'x' * 2000}"))
    network = candidates(connect_failure=Layer.NETWORK)
    steps = first_things(replace(OPENED, candidates=network, evidence=(far,)))
    assert "curl" not in steps
    assert "too long to stand here" in steps


ODD_ROUTES = {
    "what a chat obeys": "GET /<!channel>",
    "a tag": "GET /<script>",
    "a control": "GET /a\x1b[2Jb",
    "a direction": "GET /\u202egnp",
    "a line": "GET /a\nb",
    "very long": f"GET /{'x' * 2000}",
}


@pytest.mark.parametrize("route", ODD_ROUTES.values(), ids=ODD_ROUTES)
def test_a_command_is_shown_as_it_is_typed_or_not_at_all(route: str) -> None:
    said = as_text("m", "opened", AT, replace(OPENED, members=(member(route),)), origin=ORIGIN)
    line = next(one for one in said.splitlines() if one.startswith("mute:"))
    assert line == (
        "mute:        # this command cannot be shown as it is typed; the incident in full has it"
    )


def test_what_others_wrote_is_shown_and_steers_nothing() -> None:
    evil = "\x1b[2J\r\nowner: me\u2028\x9b\u202e"
    body = replace(SEEN, response=replace(SEEN.response, body=evil))
    incident = replace(
        OPENED, because=evil, runbook=evil, team=evil, api=evil, evidence=(body,),
        members=(member(f"GET /{evil}"),), ruled_out=(RuledOut("x", evil),),
    )  # fmt: skip
    said = as_text("m", "opened", AT, incident, origin=ORIGIN, news=(evil,))
    assert not set(said) & set("\x1b\r\x9b\u202e\u2028")
    assert "␛[2J␍␊owner: me" in said
    assert sum(one.startswith("owner:") for one in said.splitlines()) == 1
