"""Whether a success is real, before it pages or reassures anybody.

Single-page apps, CDNs, logins and maintenance pages answer everybody with 200. A look at a path
that cannot exist, the answer to a member, and the owner's expectation tell them from real answers.
`judge` decides about access.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from gatewatch.attempt import USER_AGENT
from gatewatch.config.canonical import Expect
from gatewatch.diagnosis.place import NO_SUCH_ROUTE
from gatewatch.gateway.body import BodyForm
from gatewatch.gateway.likeness import alike, form_of, header_of, is_unseen, turns_away
from gatewatch.gateway.url import parse
from gatewatch.model import Exchange, Purpose, Response


class Worth(StrEnum):
    """What a success is worth: the real answer, a page that answers everything, or undecided."""

    REAL = "real"
    PAGE = "page"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Weighed:
    worth: Worth
    because: str = ""


REAL = Weighed(Worth.REAL)


def nowhere(controls: Iterable[Exchange], like: Exchange) -> list[Response]:
    """The answers to strangers at paths that cannot exist on the same host.

    Only those under our own User-Agent, and only those that reveal something.
    """
    return [
        control.response
        for control in controls
        if is_nowhere(control)
        and USER_AGENT not in control.request.headers
        and parse(control.request.url).host == parse(like.request.url).host
        and not control.request.presented
        and (control.request.method == "HEAD") is (like.request.method.upper() == "HEAD")
        and 200 <= control.response.status < 500
        and control.response.status != THROTTLED
    ]


THROTTLED = 429


def is_nowhere(exchange: Exchange) -> bool:
    """Whether it was a control at a path that cannot exist."""
    aimed = parse(exchange.request.url).segments[-1:]
    return exchange.request.purpose is Purpose.CONTROL and aimed == (NO_SUCH_ROUTE,)


def is_success(exchange: Exchange) -> bool:
    return 200 <= exchange.response.status < 300


def may_be_a_page(response: Response) -> bool:
    """Whether a front door may show it to everybody. APIs answer in JSON."""
    if turns_away(response) or is_error_page(response):
        return True
    return form_of(response) not in (BodyForm.JSON, BodyForm.EMPTY, BodyForm.UNSEEN)


def is_error_page(response: Response) -> bool:
    """Whether CloudFront shows it in place of its origin's refusal.

    Its status proves nothing: the error pages of single-page apps answer with 200.
    """
    return "error from cloudfront" in header_of(response, "x-cache").lower()


def is_everywhere(response: Response, elsewhere: Iterable[Response]) -> bool:
    """Whether it is a page that paths that cannot exist get, too."""
    return may_be_a_page(response) and any(alike(response, one) for one in elsewhere)


def weighed(
    exchange: Exchange, elsewhere: Sequence[Response], member: Response | None, expect: Expect
) -> Weighed:
    """What a stranger's success is worth. `member`: the answer to a credential of ours, if any."""
    response = exchange.response
    if is_unseen(response):
        return _by_its_head(response, elsewhere)
    if is_everywhere(response, elsewhere):
        return Weighed(Worth.PAGE, "a path that cannot exist is answered alike")
    if member is not None and not is_unseen(member):
        return _beside_a_member(response, elsewhere, member, expect)
    return _alone(response, elsewhere, expect)


def _by_its_head(response: Response, elsewhere: Sequence[Response]) -> Weighed:
    """An answer still counts if its body could not be read."""
    if form_of(response) in (BodyForm.JSON, BodyForm.EMPTY):
        return REAL
    if not elsewhere or any(one.status == response.status for one in elsewhere):
        return _doubt(_NOT_COMPARED)
    return REAL


def _beside_a_member(
    response: Response, elsewhere: Sequence[Response], member: Response, expect: Expect
) -> Weighed:
    if alike(response, member):
        if turns_away(response):
            return _doubt("it reads like a refusal, and a member gets the same")
        return REAL if elsewhere or not may_be_a_page(response) else _doubt(_NOT_COMPARED)
    if form_of(response) is not form_of(member):
        return _doubt(f"it is {_named(response)}, where a member gets {_named(member)}")
    return REAL if _is_stated(response, expect) else _doubt("a member gets something else")


def _alone(response: Response, elsewhere: Sequence[Response], expect: Expect) -> Weighed:
    missing = _missing(response, expect)
    if missing:
        return _doubt(f"it is not what its owner expects: {missing}")
    if turns_away(response):
        return _doubt("it reads like a refusal")
    if _is_stated(response, expect):
        return REAL
    if not elsewhere:
        return _doubt(_NOT_COMPARED) if may_be_a_page(response) else REAL
    if all(alike(response, other) for other in elsewhere):
        return _doubt("a path that cannot exist is answered alike")
    return REAL


_NOT_COMPARED = "no look told it from an answer to everything"


def _doubt(because: str) -> Weighed:
    return Weighed(Worth.DOUBTFUL, because)


def _missing(response: Response, expect: Expect) -> str | None:
    if expect.status and response.status not in expect.status:
        return f"status {response.status}"
    return next(iter(response.unmet), None)


def states_content(expect: Expect) -> bool:
    """Whether the owner states what an answer must contain: that outweighs its looks."""
    return bool(expect.json or expect.body or expect.headers)


def _is_stated(response: Response, expect: Expect) -> bool:
    if response.unread or response.error is not None or turns_away(response):
        return False
    return states_content(expect) and _missing(response, expect) is None


_FORMS = {
    BodyForm.JSON: "JSON",
    BodyForm.HTML: "HTML",
    BodyForm.XML: "XML",
    BodyForm.TEXT: "text",
    BodyForm.EMPTY: "empty",
    BodyForm.UNSEEN: "of no known form",
}


def _named(response: Response) -> str:
    return _FORMS[form_of(response)]


def is_at_the_root(url: str) -> bool:
    """Whether it is the root, where a site rightly shows its one page."""
    return not parse(url).segments or urlsplit(url).path in ("", "/")


_LOGIN = re.compile(
    r"log-?in|log-?on|sign[-_]?in|/auth([/?.]|$)|//auth\.|oauth|openid|saml|/sso|authori[sz]e"
    r"|authenticat|/cas/"
)


def leads_to_login(response: Response) -> bool:
    """Whether a redirect asks its reader to prove who they are."""
    return bool(_LOGIN.search(header_of(response, "location").lower()))
