"""The language of predictions: which answers a cause expects, allows or forbids, and why.

A prediction is an ordered list of rules. The first rule that covers a look (front door, place,
caller) applies to it; a look that no rule covers says nothing about the cause. A rule forbids what
it neither expects nor allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatewatch.diagnosis.caller import Caller
from gatewatch.diagnosis.look import Shape
from gatewatch.diagnosis.place import Place
from gatewatch.gateway.answers import Answer
from gatewatch.model import ApiKind, Validity


class Basis(StrEnum):
    """How something is known of AWS."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


ANY_ANSWER: frozenset[Answer] = frozenset(Answer)

REST = frozenset({ApiKind.REST})
REST_LIKE = frozenset({ApiKind.REST, ApiKind.WEBSOCKET})
WEBSOCKET = frozenset({ApiKind.WEBSOCKET})
HTTP = frozenset({ApiKind.HTTP})
FUNCTION_URL = frozenset({ApiKind.FUNCTION_URL})
APPSYNC = frozenset({ApiKind.APPSYNC})
ANY_KIND = frozenset(ApiKind)

ROUTE = frozenset({Place.ROUTE})
SAME_PATH = frozenset({Place.ROUTE, Place.OTHER_METHOD, Place.PREFLIGHT})
OTHER_METHOD = frozenset({Place.OTHER_METHOD})
PREFLIGHT = frozenset({Place.PREFLIGHT})
NO_SUCH_SIBLING = frozenset({Place.NO_SUCH_SIBLING})
NO_SUCH_PATH = frozenset({Place.NO_SUCH_PATH, Place.NO_SUCH_SIBLING})
OTHER_STAGE = frozenset({Place.OTHER_STAGE})
BEHIND_A_STAGE = frozenset({Place.BEHIND_A_STAGE})
BEHIND_A_BASE_PATH = frozenset({Place.BEHIND_A_BASE_PATH})
WITHOUT_FIRST_SEGMENT = frozenset({Place.WITHOUT_FIRST_SEGMENT})
OTHER_ENTRANCE = frozenset({Place.OTHER_ENTRANCE})
SAME_STAGE = SAME_PATH | NO_SUCH_PATH | {Place.ELSEWHERE}


class Sends(StrEnum):
    """What a rule requires of the caller; the value completes "a caller that sends …"."""

    ANYTHING = "anything or nothing"
    NO_CREDENTIAL = "no credential"
    NO_AUTHORIZATION = "no Authorization header"
    A_TOKEN = "an Authorization header that is no AWS signature"
    A_SIGNATURE = "an AWS signature"
    A_SIGNATURE_FROM_AFAR = "an AWS signature, which something on its way may take"
    A_VALID_SIGNATURE = "a valid AWS signature"
    AN_INVALID_SIGNATURE = "an invalid AWS signature"
    A_CREDENTIAL = "some credential"
    A_VALID_CREDENTIAL = "a valid credential"
    A_KEY = "an API key"
    A_VALID_KEY = "a valid API key"
    AN_INVALID_KEY = "an invalid API key"
    NO_KEY = "no API key"
    AN_IDENTITY = "a token or another credential, by which an authorizer knows a caller"


_SENDS: dict[Sends, Callable[[Caller], bool]] = {
    Sends.ANYTHING: lambda _: True,
    Sends.NO_CREDENTIAL: lambda caller: caller.presents_nothing,
    Sends.NO_AUTHORIZATION: lambda caller: caller.signature is None and caller.token is None,
    Sends.A_TOKEN: lambda caller: caller.token is not None,
    Sends.A_SIGNATURE: lambda caller: caller.signature is not None,
    Sends.A_SIGNATURE_FROM_AFAR: lambda caller: caller.signature is not None and not caller.is_near,
    Sends.A_VALID_SIGNATURE: lambda caller: caller.signature is Validity.VALID,
    Sends.AN_INVALID_SIGNATURE: lambda caller: caller.signature is Validity.INVALID,
    Sends.A_CREDENTIAL: lambda caller: not caller.presents_nothing,
    Sends.A_VALID_CREDENTIAL: lambda caller: (
        Validity.VALID in (caller.signature, caller.token, caller.api_key, caller.other)
    ),
    Sends.A_KEY: lambda caller: caller.api_key is not None,
    Sends.A_VALID_KEY: lambda caller: caller.api_key is Validity.VALID,
    Sends.AN_INVALID_KEY: lambda caller: caller.api_key is Validity.INVALID,
    Sends.NO_KEY: lambda caller: caller.api_key is None,
    Sends.AN_IDENTITY: lambda caller: (
        caller.token is not None or caller.other in (Validity.VALID, Validity.INVALID)
    ),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What to expect of one kind of look. `because` is for people; `weight` scales the prior.

    `expects` holds answers that were recorded or are documented; `surmises` those expected by
    inference only, which never make a diagnosis certain. `presumes`: it forbids what is merely
    unlikely, so it does not refute a guard that the route is declared to have.
    """

    kinds: frozenset[ApiKind]
    places: frozenset[Place]
    sends: Sends
    expects: frozenset[Answer]
    surmises: frozenset[Answer]
    allows: frozenset[Answer]
    because: str
    weight: float
    presumes: bool

    def covers(self, kind: ApiKind, place: Place, caller: Caller) -> bool:
        return kind in self.kinds and place in self.places and _SENDS[self.sends](caller)


def rule(
    kinds: frozenset[ApiKind],
    places: frozenset[Place],
    sends: Sends = Sends.ANYTHING,
    *,
    expects: Iterable[Answer] = (),
    surmises: Iterable[Answer] = (),
    allows: Iterable[Answer] = (),
    because: str,
    weight: float = 1.0,
    presumes: bool = False,
) -> Rule:
    return Rule(
        kinds,
        places,
        sends,
        frozenset(expects),
        frozenset(surmises),
        frozenset(allows),
        because,
        weight,
        presumes,
    )


Prediction = tuple[Rule, ...]


def rule_for(prediction: Prediction, kind: ApiKind, place: Place, caller: Caller) -> Rule | None:
    for candidate in prediction:
        if candidate.covers(kind, place, caller):
            return candidate
    return None


def answers_of(prediction: Prediction, kinds: frozenset[ApiKind]) -> frozenset[Answer]:
    """Every answer that a prediction expects of these front doors: shared ones make look-alikes."""
    rules = (one for one in prediction if one.kinds & kinds)
    return frozenset().union(*(one.expects | one.surmises for one in rules))


@dataclass(frozen=True, slots=True)
class Condition:
    """What the request's form must be for a cause to be possible at all."""

    holds: Callable[[Shape], bool]
    because: str
