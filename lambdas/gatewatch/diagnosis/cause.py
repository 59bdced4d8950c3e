"""What a cause is made of. The causes themselves live in `causes/`, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatewatch.diagnosis.difference import Varying
from gatewatch.diagnosis.predictions.rules import Basis, Condition, Prediction
from gatewatch.model import Gate, Guard, Layer, Owner


@dataclass(frozen=True, slots=True)
class Source:
    """How a cause's prediction is known, and when that was last confirmed."""

    basis: Basis
    reference: str
    confirmed: str


def recorded(reference: str, confirmed: str) -> Source:
    return Source(Basis.RECORDED, reference, confirmed)


def documented(reference: str, confirmed: str) -> Source:
    return Source(Basis.DOCUMENTED, reference, confirmed)


def inferred(reference: str, confirmed: str) -> Source:
    return Source(Basis.INFERRED, reference, confirmed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cause:
    """A named reason why a request stopped.

    `proves_guard`: a refusal from this cause shows that the route is protected. `guards`: the
    declared guards that this cause belongs to. `from_the_start`: a mistake in our own URL, so a
    route that has answered before does not have it. `prediction`: which answers it shows where;
    `alternative`: a second prediction, where two exclude each other. `prior` only orders
    candidates, by a rough tally of real cases. `prose` is Markdown with the headings of `PROSE`;
    its commands have placeholders such as `<api_id>`.
    """

    id: str
    layer: Layer
    gate: Gate
    owner: Owner
    title: str
    prediction: Prediction
    alternative: Prediction = ()
    prior: float
    prose: str
    sources: tuple[Source, ...]
    proves_guard: bool = False
    guards: frozenset[Guard] = frozenset()
    only_if: tuple[Condition, ...] = ()
    typical: tuple[Condition, ...] = ()
    from_the_start: bool = False

    @property
    def judges_credentials(self) -> bool:
        """Whether another credential might have got through where this one was refused."""
        by_guard = bool(self.guards - {Guard.RESOURCE_POLICY})
        return self.layer is Layer.AUTH and (by_guard or self.owner is Owner.CALLER)

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        return (self.prediction, self.alternative) if self.alternative else (self.prediction,)

    @property
    def turns_on(self) -> frozenset[Varying]:
        """The differences that may make it strike only one of two otherwise equal looks.

        Time is always among them: people may mend or break anything meanwhile.
        """
        return _TURNS_ON.get(self.gate, frozenset()) | {Varying.TIME}


_BY_CONTENT = frozenset({Varying.BODY, Varying.QUERY, Varying.USER_AGENT, Varying.NETWORK})
_TURNS_ON: Mapping[Gate, frozenset[Varying]] = {
    Gate.NAME: frozenset({Varying.NETWORK}),
    Gate.TLS: frozenset({Varying.NETWORK, Varying.CREDENTIAL}),
    Gate.CDN: _BY_CONTENT,
    Gate.HOST: frozenset({Varying.NETWORK}),
    Gate.WAF: _BY_CONTENT,
    Gate.AUTHENTICATION: frozenset({Varying.CREDENTIAL}),
    Gate.AUTHORIZER: frozenset({Varying.CREDENTIAL, Varying.QUERY, Varying.NETWORK}),
    Gate.API_KEY: frozenset({Varying.CREDENTIAL}),
    Gate.VALIDATION: frozenset({Varying.BODY, Varying.QUERY}),
}
"""An authorizer may read the query, a policy the source address; WAF reads the whole request."""


PROSE = ("What happens", "Why it misleads", "Confirm", "Fix")


def sections(cause: Cause) -> Mapping[str, str]:
    """The prose by heading."""
    parts = (part.partition("\n") for part in cause.prose.strip().split("## ") if part)
    return {heading.strip(): text.strip("\n").rstrip() for heading, _, text in parts}
