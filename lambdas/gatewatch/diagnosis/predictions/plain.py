"""Answers that only one cause gives, to any caller. No other look refutes such a cause."""

from __future__ import annotations

from gatewatch.diagnosis.predictions.rules import ANY_ANSWER, ANY_KIND, ROUTE, Prediction, rule
from gatewatch.gateway.answers import Answer
from gatewatch.model import ApiKind


def plain(*answers: Answer, because: str, kinds: frozenset[ApiKind] = ANY_KIND) -> Prediction:
    return (rule(kinds, ROUTE, expects=answers, allows=ANY_ANSWER, because=because),)


def surmised(*answers: Answer, because: str) -> Prediction:
    """Like `plain`, but inferred from the answer: never enough to be certain."""
    return (rule(ANY_KIND, ROUTE, surmises=answers, allows=ANY_ANSWER, because=because),)
