"""Which answers an error type, a text and a challenge may be, by AWS's own wordings."""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import BodyText
from gatewatch.gateway.denial import Denial, PolicySource, read_denial
from gatewatch.gateway.examples import begins
from gatewatch.gateway.recognised import Recognition
from gatewatch.gateway.traits import Traits
from gatewatch.gateway.wire_formats import GATEWAYS_ALONE, OF_ANY_TYPE, TYPES, WIRES, Wire, natural


def of_type(traits: Traits) -> Recognition | None:
    """The answers of the error type, which survives customised bodies and empty HEAD answers.

    If the body was lost, only the type is left, and another AWS API behind may have sent it.
    """
    if traits.error_type not in TYPES:
        return None
    answers = _of_family(traits, TYPES[traits.error_type])
    if not traits.body_is_lost or traits.error_type in GATEWAYS_ALONE:
        return Recognition(plain=answers)
    return Recognition(plain=answers, disguised=frozenset({traits.as_backends}))


def _of_family(traits: Traits, family: tuple[Wire, ...]) -> frozenset[Answer]:
    answers = frozenset(wire.answer for wire in family)
    if traits.error_type == "ForbiddenException" and traits.status != 403:
        # A WAF rule may answer with any status (recorded: cu-010, a 429).
        blocked = frozenset({Answer.BLOCKED_BY_RULE})
        return blocked if traits.status == 429 else blocked | answers
    if narrowed := worded(traits) & (answers | OF_ANY_TYPE):
        return narrowed
    usual = natural(traits.status, OF_ANY_TYPE) if traits.status == 415 else frozenset()
    return _of_status(family, traits.status) or usual or answers


def _of_status(family: tuple[Wire, ...], status: int) -> frozenset[Answer]:
    return frozenset(wire.answer for wire in family if wire.status == status)


def worded(traits: Traits) -> frozenset[Answer]:
    """The answers that have this text."""
    body = traits.body
    if body.is_null:
        broken = traits.status == 500
        return frozenset({Answer.AUTHORIZER_BROKEN}) if broken else frozenset()
    if not body.message:
        return frozenset()
    if denial := _denial(body.message):
        return denial
    wires = _wires_of(body)
    exact = [wire for wire in wires if wire.status == traits.status] or wires
    return challenged(traits, frozenset(wire.answer for wire in exact))


def _wires_of(body: BodyText) -> list[Wire]:
    """The answers with this text, or with one that begins so if it was cut."""
    wires = [wire for wire in WIRES if wire.wording and wire.wording.search(body.message)]
    if body.cut and body.message:
        wires += [wire for wire in WIRES if begins(wire.answer, body.message)]
    return wires


def usual_statuses(traits: Traits) -> frozenset[int]:
    """The default statuses of this text or error type."""
    return _statuses(traits.body) | {wire.status for wire in TYPES.get(traits.error_type or "", ())}


def _statuses(body: BodyText) -> frozenset[int]:
    if body.is_null:
        return frozenset({403 if body.capital else 500})
    if read_denial(body.message) is not None:
        return frozenset({403})
    return frozenset(wire.status for wire in _wires_of(body))


def challenged(traits: Traits, answers: frozenset[Answer]) -> frozenset[Answer]:
    """Separates Unauthorized and Forbidden by the challenge that only JWT authorizers add."""
    if traits.error_type or not answers & {Answer.UNAUTHORIZED, Answer.FORBIDDEN}:
        return answers
    if traits.challenge is None:
        extra = set() if traits.has_all_headers else _CHALLENGES
        usual = {wire.answer for wire in WIRES if wire.status == traits.status}
        return answers | (extra & usual)
    return frozenset({_challenge(traits.challenge)})


_CHALLENGES = frozenset(
    {Answer.CHALLENGED, Answer.CHALLENGED_INVALID_TOKEN, Answer.CHALLENGED_SCOPE}
)


def _challenge(header: str) -> Answer:
    """Only `error=` is stable; the descriptions changed between 2024 and 2026."""
    if "insufficient_scope" in header:
        return Answer.CHALLENGED_SCOPE
    return Answer.CHALLENGED_INVALID_TOKEN if "error=" in header else Answer.CHALLENGED


_IAM_ANSWERS = {
    (PolicySource.IDENTITY, True): Answer.IAM_DENIED_IDENTITY_EXPLICIT,
    (PolicySource.IDENTITY, False): Answer.IAM_DENIED_IDENTITY_IMPLICIT,
    (PolicySource.RESOURCE, True): Answer.IAM_DENIED_RESOURCE_EXPLICIT,
    (PolicySource.RESOURCE, False): Answer.IAM_DENIED_RESOURCE_IMPLICIT,
    (PolicySource.ENDPOINT, True): Answer.IAM_DENIED_ENDPOINT,
    (PolicySource.ENDPOINT, False): Answer.IAM_DENIED_ENDPOINT,
    (PolicySource.SESSION, True): Answer.IAM_DENIED_SESSION_EXPLICIT,
    (PolicySource.SESSION, False): Answer.IAM_DENIED_SESSION_IMPLICIT,
    (PolicySource.LIMIT, True): Answer.IAM_DENIED_LIMIT_EXPLICIT,
    (PolicySource.LIMIT, False): Answer.IAM_DENIED_LIMIT_IMPLICIT,
    (PolicySource.UNSTATED, True): Answer.IAM_DENIED_EXPLICIT,
}
_ANONYMOUS_ANSWERS = {
    PolicySource.RESOURCE: Answer.ANONYMOUS_DENIED_RESOURCE,
    PolicySource.ENDPOINT: Answer.ANONYMOUS_DENIED_ENDPOINT,
}
_AUTHORIZER_ANSWERS = {
    True: Answer.AUTHORIZER_DENIED_EXPLICIT,
    False: Answer.AUTHORIZER_DENIED_IMPLICIT,
    None: Answer.AUTHORIZER_DENIED_UNSTATED,
}


def _denial(message: str) -> frozenset[Answer]:
    denial = read_denial(message)
    if denial is None:
        return frozenset()
    if denial.by_authorizer:
        return frozenset({_AUTHORIZER_ANSWERS[denial.explicit]})
    if denial.anonymous:
        return frozenset({_ANONYMOUS_ANSWERS.get(denial.source, Answer.ANONYMOUS_DENIED)})
    return frozenset(
        _IAM_ANSWERS.get((denial.source, explicit), Answer.IAM_DENIED_UNSTATED)
        for explicit in _effects(denial)
    )


def _effects(denial: Denial) -> tuple[bool, ...]:
    """Whether the denial is explicit: a denial that names its policy says so, unless it was cut."""
    if denial.explicit is None:
        return (False,) if denial.source is PolicySource.UNSTATED else (False, True)
    return (denial.explicit,)
