"""The generated pages: they hold what the catalogue says, and nothing that recognition denies."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gatewatch.cli.main import main
from gatewatch.diagnosis.causes import catalogue
from gatewatch.diagnosis.predictions.rules import ANY_KIND, answers_of
from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import read_body
from gatewatch.gateway.examples import BODIES, example
from gatewatch.gateway.recognition import recognise
from gatewatch.model import ApiKind, CredentialKind, Exchange, Request
from gatewatch.pages.documents import documents
from gatewatch.pages.page import LookAlike, page
from gatewatch.pages.situation import can_give
from gatewatch.pages.tree import Branch, misleading, tree
from tests.support import corpus, recorded

DOCS = Path(__file__).parent.parent.parent / "docs"
EXPECTED = sorted(
    frozenset().union(*(answers_of(one.prediction, ANY_KIND) for one in catalogue().values()))
)


def test_the_generated_documents_are_up_to_date() -> None:
    texts = documents()
    stale = [
        name
        for name, text in texts.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != text
    ]
    assert stale == [], "run: make docs"
    assert {f"causes/{file.name}" for file in (DOCS / "causes").iterdir()} <= set(texts)


@pytest.mark.parametrize("answer", EXPECTED)
def test_an_example_is_recognised_as_its_answer_alone(answer: Answer) -> None:
    request = Request(method="GET", url="", credential=CredentialKind.NONE)
    kinds = [kind for kind in ApiKind if can_give(kind, answer)]
    seen = [
        recognise(Exchange(api_kind=kind, request=request, response=example(answer, kind))).all
        for kind in kinds
    ]
    assert kinds
    assert {answer} in seen


def recorded_messages(answer: Answer) -> set[str]:
    rows = (recorded(row) for row in corpus())
    return {read_body(row.response.body).message for row in rows if recognise(row).all == {answer}}


@pytest.mark.parametrize("answer", sorted(set(BODIES) - {Answer.SUCCESS}))
def test_an_example_says_what_was_recorded_where_anything_was(answer: Answer) -> None:
    messages = recorded_messages(answer) - {""}
    shown = read_body(BODIES[answer]).message
    # Names, ARNs and hashes differ; how a text begins does not.
    assert not messages or shown[:18] in {message[:18] for message in messages}


def look_alike(of: str, other: str) -> LookAlike:
    [found] = [one for one in page(catalogue()[of]).look_alikes if one.cause == other]
    return found


@pytest.mark.parametrize(
    ("of", "other", "look", "this", "that"),
    [
        (
            "route_not_found",
            "iam_unsigned",
            "the route itself, with a valid AWS signature",
            Answer.NO_METHOD_FOUND,
            Answer.SUCCESS,
        ),
        (
            "api_key_missing",
            "stage_not_found",
            "a path beside it that cannot exist, without a credential",
            Answer.MISSING_TOKEN,
            Answer.FORBIDDEN,
        ),
        (
            "wrong_method",
            "route_not_found",
            "OPTIONS at the same path, without a credential",
            Answer.SUCCESS,
            None,
        ),
    ],
)
def test_a_page_tells_look_alikes_apart_as_elimination_does(
    of: str, other: str, look: str, this: Answer, that: Answer | None
) -> None:
    found = look_alike(of, other)
    assert found.look == look
    assert this in found.this
    assert that in (found.that or (None,))


def test_a_page_says_where_no_look_helps() -> None:
    assert look_alike("api_key_invalid", "api_key_not_in_usage_plan").look is None


def test_a_page_says_which_request_a_look_alike_cannot_have() -> None:
    assert "the host is not a custom domain" in (
        look_alike("route_not_found", "domain_mapped_elsewhere").unless
    )


@pytest.mark.parametrize("name", list(catalogue()))
def test_what_a_page_shows_leads_back_to_its_cause(name: str) -> None:
    found = page(catalogue()[name])
    assert found.shown
    assert found.on_the_wire


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["causes", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_causes_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = printed(capsys, "--format", "json")
    assert status == 0
    assert {one["id"] for one in json.loads(out)} == set(catalogue())


def test_causes_of_one_layer(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = printed(capsys, "--layer", "throttle")
    assert status == 0
    assert "quota_exceeded" in out
    assert "route_not_found" not in out


def test_one_cause_in_full_with_commands_that_can_be_copied(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = printed(capsys, "route_not_found")
    assert status == 0
    assert "No resource of the deployed stage" in out
    assert "aws apigateway get-stage --rest-api-id <api_id> --stage-name <stage>" in out
    assert "404 No method found matching route → route_not_found" in " ".join(out.split())


def test_one_cause_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = printed(capsys, "iam_unsigned", "--format", "json")
    found = json.loads(out)
    assert (found["id"], found["layer"], found["owner"]) == ("iam_unsigned", "auth", "caller")
    assert found["on_the_wire"][0]["status"] == 403


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["api-key-mising"],
            "gatewatch: no cause is named api-key-mising; did you mean api_key_missing?\n",
        ),
        (["zzzz"], "gatewatch: no cause is named zzzz; gatewatch causes lists them\n"),
        (
            ["--layer", "rooting"],
            "gatewatch: no layer is named rooting; there are network, edge, routing, auth,"
            " throttle, request, integration, backend\n",
        ),
    ],
)
def test_what_is_not_known_is_one_error(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert printed(capsys, *arguments) == (3, "", said)


def branch(sign: str, answer: Answer, caller: str) -> Branch:
    [found] = [
        one
        for one in tree()
        if one.answer == answer and one.sign == sign and caller in (*one.callers, "")
    ]
    return found


def test_a_branch_holds_what_survives_and_the_look_that_splits_it() -> None:
    sign = "x-amzn-ErrorType: MissingAuthenticationTokenException"
    found = branch(sign, Answer.MISSING_TOKEN, "nothing")
    assert {"route_not_found", "wrong_method", "iam_unsigned"} <= {
        one.cause for one in found.causes
    }
    assert found.look == "the route itself, with a valid AWS signature"
    left = {one.answer: one.causes for one in found.outcomes}
    assert left[Answer.SUCCESS] == ("iam_unsigned",)
    assert "iam_unsigned" not in left[Answer.NO_METHOD_FOUND]


def test_every_cause_is_somewhere_in_the_tree() -> None:
    # A CDN that signs for its callers fails on a write only, and every branch is a GET.
    assert set(catalogue()) - {one.cause for one_of in tree() for one in one_of.causes} == {
        "payload_hash_missing"
    }


def test_the_tree_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = printed(capsys, "--tree")
    assert status == 0
    assert "x-amzn-ErrorType: ForbiddenException" in out
    assert "look at a path beside it that cannot exist, without a credential" in out


def test_the_picture_is_whole() -> None:
    root = ElementTree.fromstring((DOCS / "decision-tree.svg").read_text())  # noqa: S314, our own
    shown = "".join(root.itertext())
    assert all(one.answer in shown for one in misleading() if len(one.answer) < 40)
