"""Which answers the error type and the text are: AWS's own words, and the challenge beside them."""

from __future__ import annotations

from gatewatch.gateway.answers import Answer
from gatewatch.gateway.body import BodyText
from gatewatch.gateway.denial import Denial, PolicySource, read_denial
from gatewatch.gateway.examples import begins
from gatewatch.gateway.recognised import Recognition
from gatewatch.gateway.traits import Traits
from gatewatch.gateway.wire_formats import GATEWAYS_ALONE, OF_ANY_TYPE, TYPES, WIRES, Wire, natural


def of_type(seen: Traits) -> Recognition | None:
    """The type header survives customised bodies and empty HEAD answers, so it leads.

    Where the body was lost, the type is all that there is, and it may be another AWS API's behind.
    """
    if seen.error_type not in TYPES:
        return None
    answers = _of_family(seen, TYPES[seen.error_type])
    if not seen.body_is_lost or seen.error_type in GATEWAYS_ALONE:
        return Recognition(plain=answers)
    return Recognition(plain=answers, disguised=frozenset({seen.as_backends}))


def _of_family(seen: Traits, family: tuple[Wire, ...]) -> frozenset[Answer]:
    answers = frozenset(wire.answer for wire in family)
    if seen.error_type == "ForbiddenException" and seen.status != 403:
        # A WAF rule may answer with any status (recorded: cu-010, a 429).
        blocked = frozenset({Answer.BLOCKED_BY_RULE})
        return blocked if seen.status == 429 else blocked | answers
    if narrowed := worded(seen) & (answers | OF_ANY_TYPE):
        return narrowed
    usual = natural(seen.status, OF_ANY_TYPE) if seen.status == 415 else frozenset()
    return _of_status(family, seen.status) or usual or answers


def _of_status(family: tuple[Wire, ...], status: int) -> frozenset[Answer]:
    return frozenset(wire.answer for wire in family if wire.status == status)


def worded(seen: Traits) -> frozenset[Answer]:
    """The answers whose words these are."""
    said = seen.said
    if said.is_null:
        broken = seen.status == 500
        return frozenset({Answer.AUTHORIZER_BROKEN}) if broken else frozenset()
    if not said.message:
        return frozenset()
    if denial := _denial(said.message):
        return denial
    found = _saying(said)
    exact = [wire for wire in found if wire.status == seen.status] or found
    return challenged(seen, frozenset(wire.answer for wire in exact))


def _saying(said: BodyText) -> list[Wire]:
    """The answers of these words, or of words that begin so where they were cut."""
    found = [wire for wire in WIRES if wire.wording and wire.wording.search(said.message)]
    if said.cut and said.message:
        found += [wire for wire in WIRES if begins(wire.answer, said.message)]
    return found


def usual_statuses(seen: Traits) -> frozenset[int]:
    """The statuses with which such words, or such an error type, come by default."""
    return _statuses(seen.said) | {wire.status for wire in TYPES.get(seen.error_type or "", ())}


def _statuses(said: BodyText) -> frozenset[int]:
    if said.is_null:
        return frozenset({403 if said.capital else 500})
    if read_denial(said.message) is not None:
        return frozenset({403})
    return frozenset(wire.status for wire in _saying(said))


def challenged(seen: Traits, answers: frozenset[Answer]) -> frozenset[Answer]:
    """Splits Unauthorized and Forbidden by the challenge that only JWT authorizers add."""
    if seen.error_type or not answers & {Answer.UNAUTHORIZED, Answer.FORBIDDEN}:
        return answers
    if seen.challenge is None:
        extra = set() if seen.has_all_headers else _CHALLENGES
        usual = {wire.answer for wire in WIRES if wire.status == seen.status}
        return answers | (extra & usual)
    return frozenset({_challenge(seen.challenge)})


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
    """Whether the denial is explicit. One that names its policy says so, unless that was lost."""
    if denial.explicit is None:
        return (False,) if denial.source is PolicySource.UNSTATED else (False, True)
    return (denial.explicit,)
