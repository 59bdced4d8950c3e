"""The one loop in which diagnosis asks and probe answers.

It takes the planned looks, then the controls that would reveal more. `run` stores the verdicts, and
`latches` holds back what must not be sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from gatewatch.attempt import Attempt, Probe, control, host_scope
from gatewatch.config.canonical import Config
from gatewatch.diagnosis.ask import missing_path, target
from gatewatch.diagnosis.diagnose import diagnose, next_control
from gatewatch.evidence import evidence, status_alone
from gatewatch.gateway.failure import is_unreached
from gatewatch.judgement.diagnosed import DiagnosedLook
from gatewatch.looking.result import ProbeResult
from gatewatch.model import (
    READING_METHODS,
    Confidence,
    CredentialKind,
    Exchange,
    Outcome,
    Unsent,
)
from gatewatch.own_fault import log_own_fault
from gatewatch.plan import Entered, plan, signers
from gatewatch.ports import Precedents, Transport
from gatewatch.raw import RawExchange

CONTROLS_PER_PROBE = 2


def results_due(
    config: Config,
    known: Precedents,
    minutes: range | None = None,
    seldom: range | None = None,
    restless: frozenset[str] = frozenset(),
) -> list[ProbeResult]:
    """What is due of a whole configuration, with its stored precedents."""
    rare = seldom if minutes is None else None
    probes = plan(config, minutes, known.latched(), known.let_in(), rare, restless)
    return results_of(probes, signers(config), known.let_in())


def results_of(
    probes: Iterable[Probe], signing: Mapping[str, str], entered: Entered
) -> list[ProbeResult]:
    """An empty result for each probe; `signing` is by the API's name."""
    return [
        ProbeResult(
            one,
            has_worked=(one.api.name, one.entrance.url) in entered,
            signer=None if one.entrance.closed else signing.get(one.api.name),
        )
        for one in probes
    ]


OnAnswer = Callable[[ProbeResult, Attempt, Exchange], None]
"""Called with each look as soon as it is answered, in any thread; it must not raise."""


def ignore_answer(_: ProbeResult, __: Attempt, ___: Exchange) -> None:
    pass


def take_looks(
    results: Sequence[ProbeResult], transport: Transport, on_answer: OnAnswer = ignore_answer
) -> int:
    """Takes the planned looks, then the controls that would reveal more, then the trials if a guard
    has refused strangers.

    Returns the number of requests sent. A control that several results ask for is sent once.
    """
    planned = [(one, attempt) for one in results for attempt in one.probe.attempts]
    requests = _take(planned, transport, on_answer)
    for _ in range(CONTROLS_PER_PROBE):
        requests += _ask_once(results, transport)
    requests += _ask_as_browsers(results, transport)
    trials = [(one, attempt) for one in results for attempt in one.trials()]
    if trials:
        requests += _take(trials, transport, on_answer)
        requests += _ask_once([one for one, _ in trials], transport)
    return requests


def _ask_as_browsers(results: Sequence[ProbeResult], transport: Transport) -> int:
    """Looks as a browser at a path that cannot exist, once for all routes of an entrance; if that
    comes further, repeats the look of each refused caller as a browser."""
    requests = _ask_together(
        [(one, one.nowhere_as_browser()) for one in results],
        ProbeResult.add_browser_nowhere,
        transport,
    )
    asked = [(one, *found) for one in results if (found := one.look_as_browser()) is not None]
    answers = _answers(transport, [attempt for _, _, attempt in asked])
    for (result, caller, _), (exchange, not_sent) in zip(asked, answers, strict=True):
        if not_sent is None:
            result.add_browser_look(caller, exchange)
    return requests + _sent(answers)


def _take(
    planned: Sequence[tuple[ProbeResult, Attempt]], transport: Transport, on_answer: OnAnswer
) -> int:
    """Takes these looks; returns the number of requests sent."""
    attempts = [attempt for _, attempt in planned]
    asked = {attempt: result for result, attempt in planned}

    def answered(attempt: Attempt, exchange: Exchange) -> None:
        on_answer(asked[attempt], attempt, exchange)

    answers = _answers(transport, attempts, answered)
    repeated = _repeat_renewed(transport, attempts, answers)
    unreached = _unreached(attempts, answers)
    for (result, attempt), (exchange, not_sent) in zip(planned, answers, strict=True):
        if not_sent is None:
            result.add_look(attempt.caller, exchange)
        else:
            result.add_unsent(attempt.caller, not_sent, unreached.get(not_sent.scope))
    return _sent(answers) + repeated


_Answer = tuple[Exchange, Unsent | None]
"""The record of an attempt, and why it was not sent, if so."""


def _sent(answers: Iterable[_Answer]) -> int:
    return sum(not_sent is None for _, not_sent in answers)


def _answers(
    transport: Transport,
    attempts: Sequence[Attempt],
    on_answer: Callable[[Attempt, Exchange], None] | None = None,
) -> list[_Answer]:
    def record(raw: RawExchange) -> _Answer:
        exchange = _recorded(raw, transport)
        if on_answer is not None and raw.not_sent is None:
            on_answer(raw.attempt, exchange)
        return exchange, raw.not_sent

    return transport.send_all(attempts, record)


def _recorded(raw: RawExchange, transport: Transport) -> Exchange:
    """The record of an answer; it never raises."""
    try:
        return evidence(raw, transport.redactor())
    except Exception as error:  # noqa: BLE001 - noted in the record, logged
        fault = log_own_fault("record_failed", raw.attempt.route, error)
        return status_alone(raw, f"the answer was not recorded ({fault})")


def _unreached(
    attempts: Sequence[Attempt], answers: Sequence[_Answer]
) -> dict[str | None, DiagnosedLook]:
    """A failed look at each unreachable host, by the scope of that finding."""
    exchanges = {
        host_scope(attempt.destination): exchange
        for attempt, (exchange, not_sent) in zip(attempts, answers, strict=True)
        if not_sent is None and is_unreached(exchange.response.error)
    }
    return {
        scope: DiagnosedLook(exchange, diagnose([exchange]))
        for scope, exchange in exchanges.items()
    }


_REFUSALS = (401, 403)


def _repeat_renewed(
    transport: Transport, attempts: Sequence[Attempt], answers: list[_Answer]
) -> int:
    """Reads refused credentials again, since they may have been rotated, and repeats the looks of
    those that changed. Returns the number of requests sent."""
    refused = [
        at
        for at, (exchange, not_sent) in enumerate(answers)
        if not_sent is None and attempts[at].invalid is None and _was_refused(exchange)
    ]
    names = dict.fromkeys(name for at in refused for name in attempts[at].callers)
    renewed = transport.renew(list(names))
    again = [at for at in refused if renewed.intersection(attempts[at].callers)]
    repeated = _answers(transport, [attempts[at] for at in again])
    for at, answer in zip(again, repeated, strict=True):
        answers[at] = answer
    return _sent(repeated)


def _was_refused(exchange: Exchange) -> bool:
    """Whether a credential was refused; of a client certificate, no answer is the sign."""
    shown = {credential.kind for credential in exchange.request.credentials}
    status = exchange.response.status
    return status in _REFUSALS or (status == 0 and CredentialKind.CLIENT_CERT in shown)


_Question = tuple[str, str, str | None, tuple[str, ...], tuple[tuple[str, str], ...]]


def _ask_once(results: Sequence[ProbeResult], transport: Transport) -> int:
    return _ask_together(
        [(one, _question_if_any(one)) for one in results], ProbeResult.add_control, transport
    )


def _question_if_any(result: ProbeResult) -> Attempt | None:
    """The control to send, if any; none if a fault of ours prevents building it."""
    try:
        return _question(result)
    except Exception as error:  # noqa: BLE001 - logged; the verdict stands without the answer
        log_own_fault("question_failed", result.probe.route.name, error)
        return None


def _ask_together(
    questions: Iterable[tuple[ProbeResult, Attempt | None]],
    add: Callable[[ProbeResult, Exchange], None],
    transport: Transport,
) -> int:
    """Sends each control once for all results that need it; returns the number of requests sent."""
    wanted: dict[_Question, list[ProbeResult]] = defaultdict(list)
    asked: dict[_Question, Attempt] = {}
    for result, attempt in questions:
        if attempt is not None:
            wanted[_same(attempt)].append(result)
            asked.setdefault(_same(attempt), attempt)
    answers = _answers(transport, list(asked.values()))
    for question, (exchange, not_sent) in zip(asked, answers, strict=True):
        if not_sent is None:
            for result in wanted[question]:
                add(result, exchange)
    return _sent(answers)


def _same(attempt: Attempt) -> _Question:
    return attempt.method, attempt.url, attempt.connect_to, attempt.callers, attempt.headers


def _question(result: ProbeResult) -> Attempt | None:
    """The control about the first look that is not settled yet.

    What may release a write comes first, then a doubtful success.
    """
    if result.is_held_in_doubt and not result.controls:
        return control(result.probe, "GET", missing_path(result.probe.called))
    if (doubted := result.doubted()) is not None:
        method = doubted.request.method if result.probe.route.method in READING_METHODS else "GET"
        return control(result.probe, method, missing_path(result.probe.called))
    allowed = frozenset({CredentialKind.SIGV4}) if result.signer else frozenset()
    for verdict in result.judged():
        settled = verdict.outcome is Outcome.PASS or verdict.confidence is not Confidence.AMBIGUOUS
        if settled or verdict.caller not in result.looks:
            continue
        at = list(result.looks).index(verdict.caller)
        question = next_control(result.exchanges, at, allowed, result.facts)
        if question is not None:
            signed = question.credential is CredentialKind.SIGV4 and result.signer
            callers = (result.signer,) if signed and result.signer else ()
            url = target(question.place, result.probe.called)
            return control(result.probe, question.method, url, callers)
    return None
