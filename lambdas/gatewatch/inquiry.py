"""What is asked in a run, and what came of it: the one loop in which diagnosis asks, probe answers.

It takes the planned looks, then the controls that would tell more. What becomes of the verdicts is
`run`'s business, and what is not to be sent again that of `holds`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatewatch.ask import missing_path, target
from gatewatch.config.canonical import Config
from gatewatch.diagnose import ask, diagnose
from gatewatch.doubt import is_error_page, is_everywhere, is_nowhere, is_success, nowhere
from gatewatch.evidence import evidence, status_alone, without_answer
from gatewatch.facts import Facts
from gatewatch.fault import told
from gatewatch.gateway.failure import is_unreached
from gatewatch.gateway.likeness import alike, turns_away
from gatewatch.judge import Seen, asks_as_browser, in_doubt, judge, undecided
from gatewatch.model import (
    ANONYMOUS,
    READING_METHODS,
    Confidence,
    CredentialKind,
    Exchange,
    Layer,
    Outcome,
    Unsent,
    Verdict,
    is_stranger,
)
from gatewatch.plan import Attempt, Decided, Probe, as_browser, control, decide, host_scope, plan
from gatewatch.ports import Known, Transport
from gatewatch.raw import RawExchange

CONTROLS_PER_PROBE = 2

_THROTTLED = 429


@dataclass(slots=True)
class Inquiry:
    """What is known about one probe so far; grows while the loop asks and answers.

    `signer` names a credential of this API that signs: a control may use it. `settling` is as in
    Facts. `instead`: what was seen in place of looks that were not sent.
    """

    probe: Probe
    has_worked: bool = False
    signer: str | None = None
    settling: bool = False
    looks: dict[str, Exchange] = field(default_factory=dict)
    controls: list[Exchange] = field(default_factory=list)
    browsers: dict[str, Exchange] = field(default_factory=dict)
    browser_nowhere: Exchange | None = None
    not_sent: dict[str, Unsent] = field(default_factory=dict)
    instead: dict[str, Seen] = field(default_factory=dict)
    _judged: list[Verdict] | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        return [*self.looks.values(), *self.controls]

    @property
    def asked(self) -> list[Exchange]:
        """Besides the looks. What a browser gets is no part of the diagnosis of the monitor's."""
        return [*self.controls, *filter(None, (self.browser_nowhere,))]

    @property
    def facts(self) -> Facts:
        return Facts(
            guarded_by=frozenset(self.probe.route.guarded_by),
            settling=self.settling,
            has_worked=self.has_worked,
        )

    def alone(self, caller: str, exchange: Exchange) -> Inquiry:
        """As if nothing but this look had been taken."""
        one = Inquiry(self.probe, self.has_worked, self.signer, self.settling)
        one.take(caller, exchange)
        return one

    def take(self, caller: str, exchange: Exchange) -> None:
        """Takes up the answer to a planned look."""
        self._judged = None
        self.looks[caller] = exchange

    def miss(self, caller: str, because: Unsent, instead: Seen | None) -> None:
        """A planned look was not sent; `instead` is one at the same host, if that was given up."""
        self._judged = None
        self.not_sent[caller] = because
        if instead is not None:
            self.instead[caller] = instead

    def hear(self, control: Exchange) -> None:
        self._judged = None
        self.controls.append(control)

    def refused_as_monitor(self) -> str | None:
        """The caller who may have been refused for being a monitor; one who should get in tells
        most."""
        found = {one.caller for one in self.verdicts() if asks_as_browser(self.probe, one)}
        return min(found & self.looks.keys(), key=is_stranger, default=None)

    def nowhere_as_browser(self) -> Attempt | None:
        """A path that cannot exist, as a browser: a question that all routes here have together."""
        if self.refused_as_monitor() is None:
            return None
        method = "HEAD" if self.probe.route.method == "HEAD" else "GET"
        return as_browser(control(self.probe, method, missing_path(self.probe.called)))

    def look_as_browser(self) -> tuple[str, Attempt] | None:
        """The look itself, as a browser, where that came further nowhere; never a write."""
        caller = self.refused_as_monitor()
        there = self.browser_nowhere
        if caller is None or there is None or self.probe.route.writes:
            return None
        if alike(there.response, self.looks[caller].response):
            return None
        sent = {attempt.caller: attempt for attempt in self.probe.attempts}
        return caller, as_browser(sent[caller])

    def hear_nowhere_as_browser(self, exchange: Exchange) -> None:
        self._judged = None
        self.browser_nowhere = exchange
        caller = self.refused_as_monitor()
        if caller is not None and self.probe.route.writes:
            self.hear_as_browser(caller, exchange)

    def hear_as_browser(self, caller: str, exchange: Exchange) -> None:
        self._judged = None
        self.browsers[caller] = exchange

    def trials(self) -> tuple[Attempt, ...]:
        """Looks with an invalid credential: for a guard that has refused the look without any."""
        refused = any(
            one.caller == ANONYMOUS and one.outcome is Outcome.PASS for one in self.verdicts()
        )
        return self.probe.trials if refused else ()

    def doubted(self) -> Exchange | None:
        """A success that cannot be believed before a path that cannot exist was asked."""
        return in_doubt(self.probe, self.looks, self.controls)

    @property
    def is_held_in_doubt(self) -> bool:
        """Whether its write is held back only since its host answered everything alike."""
        return any(one.in_doubt for one in self.probe.skipped)

    @property
    def is_refused_nowhere(self) -> bool:
        """Whether a path that cannot exist is refused: then not everything is answered alike."""
        asked = [one.response.status for one in self.controls if is_nowhere(one)]
        return bool(asked) and all(400 <= one < 500 and one != _THROTTLED for one in asked)

    def may_have_run(self, verdict: Verdict) -> bool:
        """Whether a write was answered with a success of which nothing is known. It did not run
        where its origin refused, nor where its own words refuse, unless everything is answered
        with them."""
        one = self.looks.get(verdict.caller)
        if one is None or not is_success(one) or verdict.layer not in (Layer.OK, Layer.UNKNOWN):
            return False
        elsewhere = nowhere(self.controls, one)
        in_words = turns_away(one.response) and bool(elsewhere)
        refuses = in_words and not is_everywhere(one.response, elsewhere)
        is_undecided = verdict.outcome is Outcome.UNKNOWN
        return is_undecided and not refuses and not is_error_page(one.response)

    def verdicts(self) -> list[Verdict]:
        """As of all that was heard so far; what nothing was added to is judged once."""
        if self._judged is None:
            self._judged = self._judged_safely()
        return self._judged

    def _judged_safely(self) -> list[Verdict]:
        """A fault of ours stops no other route, and takes nothing back that was sent: then the
        statuses alone are judged."""
        try:
            return self._judge()
        except Exception as error:  # noqa: BLE001 - said in the verdict, logged
            fault = told("judgement_failed", self.probe.route.name, error)
        self._keep_statuses_only(fault)
        try:
            return self._judge()
        except Exception as error:  # noqa: BLE001 - said in the verdict, logged
            fault = told("judgement_failed", self.probe.route.name, error)
        return undecided(self.probe, self.looks, self.not_sent, fault)

    def _judge(self) -> list[Verdict]:
        found = diagnose(self.exchanges, self.facts)
        return judge(
            self.probe,
            self.looks,
            self.asked,
            found,
            self.not_sent,
            self.instead,
            self.browsers,
        )

    def _keep_statuses_only(self, fault: str) -> None:
        def alone(one: Exchange) -> Exchange:
            return without_answer(one, fault)

        self.looks = {caller: alone(one) for caller, one in self.looks.items()}
        self.controls = list(map(alone, self.controls))
        self.browsers = {caller: alone(one) for caller, one in self.browsers.items()}
        self.browser_nowhere = self.browser_nowhere and alone(self.browser_nowhere)


def inquire(
    config: Config,
    known: Known,
    minutes: range | None = None,
    seldom: range | None = None,
    restless: frozenset[str] = frozenset(),
) -> list[Inquiry]:
    """What is due of a whole configuration, with what is remembered of it."""
    rare = seldom if minutes is None else None
    probes = plan(config, minutes, known.latched(), known.let_in(), rare, restless)
    return inquiries(probes, decide(config), known)


def inquiries(
    probes: Iterable[Probe], decided: Mapping[str, Decided], known: Known
) -> list[Inquiry]:
    """The probes with what is known of them; `decided` is by the API's name."""
    worked = known.let_in()
    return [
        Inquiry(
            one,
            has_worked=(one.api.name, one.entrance.url) in worked,
            signer=None if one.entrance.closed else decided[one.api.name].signer,
        )
        for one in probes
    ]


Heard = Callable[[Inquiry, Attempt, Exchange], None]
"""Called with each look in the moment of its answer, in any thread; it may not raise."""


def nobody_hears(_: Inquiry, __: Attempt, ___: Exchange) -> None:
    pass


def look(inquiries: Sequence[Inquiry], transport: Transport, heard: Heard = nobody_hears) -> int:
    """Takes the planned looks, then asks controls where they would tell more; then the trials,
    where a guard has refused strangers.

    Returns the number of requests sent. A control that several inquiries ask for is sent once.
    """
    planned = [(one, attempt) for one in inquiries for attempt in one.probe.attempts]
    requests = _take(planned, transport, heard)
    for _ in range(CONTROLS_PER_PROBE):
        requests += _ask_once(inquiries, transport)
    requests += _ask_as_browsers(inquiries, transport)
    trials = [(one, attempt) for one in inquiries for attempt in one.trials()]
    if trials:
        requests += _take(trials, transport, heard)
        requests += _ask_once([one for one, _ in trials], transport)
    return requests


def _ask_as_browsers(inquiries: Sequence[Inquiry], transport: Transport) -> int:
    """Asks as a browser where nothing is, once for all routes of an entrance; and where that comes
    further, takes the look of each refused caller again."""
    requests = _ask_together(
        [(one, one.nowhere_as_browser()) for one in inquiries],
        Inquiry.hear_nowhere_as_browser,
        transport,
    )
    asked = [(one, *found) for one in inquiries if (found := one.look_as_browser()) is not None]
    answers = _answers(transport, [attempt for _, _, attempt in asked])
    for (inquiry, caller, _), (exchange, not_sent) in zip(asked, answers, strict=True):
        if not_sent is None:
            inquiry.hear_as_browser(caller, exchange)
    return requests + _sent(answers)


def _take(planned: Sequence[tuple[Inquiry, Attempt]], transport: Transport, heard: Heard) -> int:
    """Takes these looks; returns the number of requests sent."""
    attempts = [attempt for _, attempt in planned]
    asked = {attempt: inquiry for inquiry, attempt in planned}

    def hear(attempt: Attempt, exchange: Exchange) -> None:
        heard(asked[attempt], attempt, exchange)

    answers = _answers(transport, attempts, hear)
    repeated = _repeat_renewed(transport, attempts, answers)
    unreached = _unreached(attempts, answers)
    for (inquiry, attempt), (exchange, not_sent) in zip(planned, answers, strict=True):
        if not_sent is None:
            inquiry.take(attempt.caller, exchange)
        else:
            inquiry.miss(attempt.caller, not_sent, unreached.get(not_sent.scope))
    return _sent(answers) + repeated


_Answer = tuple[Exchange, Unsent | None]
"""The record of an attempt, and why it was not sent if it was not."""


def _sent(answers: Iterable[_Answer]) -> int:
    return sum(not_sent is None for _, not_sent in answers)


def _answers(
    transport: Transport,
    attempts: Sequence[Attempt],
    hear: Callable[[Attempt, Exchange], None] | None = None,
) -> list[_Answer]:
    def record(raw: RawExchange) -> _Answer:
        exchange = _recorded(raw, transport)
        if hear is not None and raw.not_sent is None:
            hear(raw.attempt, exchange)
        return exchange, raw.not_sent

    return transport.send_all(attempts, record)


def _recorded(raw: RawExchange, transport: Transport) -> Exchange:
    """The last word on what was sent: it never raises."""
    try:
        return evidence(raw, transport.redactor())
    except Exception as error:  # noqa: BLE001 - said in the record, logged
        fault = told("record_failed", raw.attempt.route, error)
        return status_alone(raw, f"the answer was not recorded ({fault})")


def _unreached(attempts: Sequence[Attempt], answers: Sequence[_Answer]) -> dict[str | None, Seen]:
    """What a look at each host that could not be reached shows, by the scope of that finding."""
    found = {
        host_scope(attempt.destination): exchange
        for attempt, (exchange, not_sent) in zip(attempts, answers, strict=True)
        if not_sent is None and is_unreached(exchange.response.error)
    }
    return {scope: Seen(exchange, diagnose([exchange])) for scope, exchange in found.items()}


_REFUSALS = (401, 403)


def _repeat_renewed(
    transport: Transport, attempts: Sequence[Attempt], answers: list[_Answer]
) -> int:
    """A refused credential may have been rotated since it was read: it is read again, and only
    if there is a new one, the look is taken once more. Returns the number of requests sent."""
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
    """A client certificate is refused in the handshake: then there is no answer."""
    shown = {credential.kind for credential in exchange.request.credentials}
    status = exchange.response.status
    return status in _REFUSALS or (status == 0 and CredentialKind.CLIENT_CERT in shown)


_Question = tuple[str, str, str | None, tuple[str, ...], tuple[tuple[str, str], ...]]


def _ask_once(inquiries: Sequence[Inquiry], transport: Transport) -> int:
    return _ask_together(
        [(one, _question_if_any(one)) for one in inquiries], Inquiry.hear, transport
    )


def _question_if_any(inquiry: Inquiry) -> Attempt | None:
    """What cannot be asked for a fault of ours is not asked."""
    try:
        return _question(inquiry)
    except Exception as error:  # noqa: BLE001 - logged; the verdict stands without the answer
        told("question_failed", inquiry.probe.route.name, error)
        return None


def _ask_together(
    questions: Iterable[tuple[Inquiry, Attempt | None]],
    hear: Callable[[Inquiry, Exchange], None],
    transport: Transport,
) -> int:
    """Asks each question once, for all who have it; returns the number of requests sent."""
    wanted: dict[_Question, list[Inquiry]] = defaultdict(list)
    asked: dict[_Question, Attempt] = {}
    for inquiry, attempt in questions:
        if attempt is not None:
            wanted[_same(attempt)].append(inquiry)
            asked.setdefault(_same(attempt), attempt)
    answers = _answers(transport, list(asked.values()))
    for question, (exchange, not_sent) in zip(asked, answers, strict=True):
        if not_sent is None:
            for inquiry in wanted[question]:
                hear(inquiry, exchange)
    return _sent(answers)


def _same(attempt: Attempt) -> _Question:
    return attempt.method, attempt.url, attempt.connect_to, attempt.callers, attempt.headers


def _question(inquiry: Inquiry) -> Attempt | None:
    """What to ask about the first look that is not settled yet; a success that is doubted first,
    and what may let a write be sent again."""
    if inquiry.is_held_in_doubt and not inquiry.controls:
        return control(inquiry.probe, "GET", missing_path(inquiry.probe.called))
    if (doubted := inquiry.doubted()) is not None:
        method = doubted.request.method if inquiry.probe.route.method in READING_METHODS else "GET"
        return control(inquiry.probe, method, missing_path(inquiry.probe.called))
    allowed = frozenset({CredentialKind.SIGV4}) if inquiry.signer else frozenset()
    for verdict in inquiry.verdicts():
        settled = verdict.outcome is Outcome.PASS or verdict.confidence is not Confidence.AMBIGUOUS
        if settled or verdict.caller not in inquiry.looks:
            continue
        at = list(inquiry.looks).index(verdict.caller)
        found = ask(inquiry.exchanges, at, allowed, inquiry.facts)
        if found is not None:
            signed = found.credential is CredentialKind.SIGV4 and inquiry.signer
            callers = (inquiry.signer,) if signed and inquiry.signer else ()
            url = target(found.place, inquiry.probe.called)
            return control(inquiry.probe, found.method, url, callers)
    return None
