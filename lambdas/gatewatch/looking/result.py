"""One probe with its answers so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from gatewatch.attempt import Attempt, Probe, as_browser, control
from gatewatch.diagnosis.ask import missing_path
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.diagnosis.facts import Facts
from gatewatch.evidence import without_answer
from gatewatch.gateway.likeness import alike, turns_away
from gatewatch.judgement.browser import asks_as_browser
from gatewatch.judgement.diagnosed import DiagnosedLook
from gatewatch.judgement.doubt import (
    THROTTLED,
    is_error_page,
    is_everywhere,
    is_nowhere,
    is_success,
    nowhere,
)
from gatewatch.judgement.judge import judge, undecided
from gatewatch.judgement.unbelieved import in_doubt
from gatewatch.model import (
    ANONYMOUS,
    Exchange,
    Layer,
    Outcome,
    Unsent,
    Verdict,
    is_stranger,
)
from gatewatch.own_fault import log_own_fault


@dataclass(slots=True)
class ProbeResult:
    """What is known about one probe so far; grows while the loop asks and answers.

    `signer`: a credential of this API that signs, which a control may use. `settling`: as in
    Facts. `instead`: the looks that stand in for those that were not sent.
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
    instead: dict[str, DiagnosedLook] = field(default_factory=dict)
    _judged: list[Verdict] | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        return [*self.looks.values(), *self.controls]

    @property
    def asked(self) -> list[Exchange]:
        """The further exchanges; a browser's is no part of the monitor's diagnosis."""
        return [*self.controls, *filter(None, (self.browser_nowhere,))]

    @property
    def facts(self) -> Facts:
        return Facts(
            guarded_by=frozenset(self.probe.route.guarded_by),
            settling=self.settling,
            has_worked=self.has_worked,
        )

    def alone(self, caller: str, exchange: Exchange) -> ProbeResult:
        """The result as if only this look had been taken."""
        one = ProbeResult(self.probe, self.has_worked, self.signer, self.settling)
        one.add_look(caller, exchange)
        return one

    def add_look(self, caller: str, exchange: Exchange) -> None:
        """Adds the answer to a planned look."""
        self._judged = None
        self.looks[caller] = exchange

    def add_unsent(self, caller: str, because: Unsent, instead: DiagnosedLook | None) -> None:
        """Adds a look that was not sent; `instead`: one at the same unreachable host."""
        self._judged = None
        self.not_sent[caller] = because
        if instead is not None:
            self.instead[caller] = instead

    def add_control(self, control: Exchange) -> None:
        self._judged = None
        self.controls.append(control)

    def refused_as_monitor(self) -> str | None:
        """A caller who may have been refused for being a monitor, if possible one who should get
        in."""
        refused = {one.caller for one in self.judged() if asks_as_browser(self.probe, one)}
        return min(refused & self.looks.keys(), key=is_stranger, default=None)

    def nowhere_as_browser(self) -> Attempt | None:
        """A browser's look at a path that cannot exist, which all routes here share."""
        if self.refused_as_monitor() is None:
            return None
        method = "HEAD" if self.probe.route.method == "HEAD" else "GET"
        return as_browser(control(self.probe, method, missing_path(self.probe.called)))

    def look_as_browser(self) -> tuple[str, Attempt] | None:
        """The look as a browser, if a browser came further at a path that cannot exist; never a
        write."""
        caller = self.refused_as_monitor()
        there = self.browser_nowhere
        if caller is None or there is None or self.probe.route.writes:
            return None
        if alike(there.response, self.looks[caller].response):
            return None
        sent = {attempt.caller: attempt for attempt in self.probe.attempts}
        return caller, as_browser(sent[caller])

    def add_browser_nowhere(self, exchange: Exchange) -> None:
        self._judged = None
        self.browser_nowhere = exchange
        caller = self.refused_as_monitor()
        if caller is not None and self.probe.route.writes:
            self.add_browser_look(caller, exchange)

    def add_browser_look(self, caller: str, exchange: Exchange) -> None:
        self._judged = None
        self.browsers[caller] = exchange

    def trials(self) -> tuple[Attempt, ...]:
        """The looks with an invalid credential, if a guard has refused the look without any."""
        refused = any(
            one.caller == ANONYMOUS and one.outcome is Outcome.PASS for one in self.judged()
        )
        return self.probe.trials if refused else ()

    def doubted(self) -> Exchange | None:
        """A success that needs a look at a path that cannot exist before it is believed."""
        return in_doubt(self.probe, self.looks, self.controls)

    @property
    def is_held_in_doubt(self) -> bool:
        """Whether its write is held back only because its host answered everything alike."""
        return any(one.in_doubt for one in self.probe.skipped)

    @property
    def is_refused_nowhere(self) -> bool:
        """Whether a path that cannot exist is refused, so that not everything is answered alike."""
        asked = [one.response.status for one in self.controls if is_nowhere(one)]
        return bool(asked) and all(400 <= one < 500 and one != THROTTLED for one in asked)

    def may_have_run(self, verdict: Verdict) -> bool:
        """Whether a write got a success that proves nothing.

        It did not run if its origin refused, nor if its text refuses, unless everything gets that
        text.
        """
        one = self.looks.get(verdict.caller)
        if one is None or not is_success(one) or verdict.layer not in (Layer.OK, Layer.UNKNOWN):
            return False
        elsewhere = nowhere(self.controls, one)
        in_words = turns_away(one.response) and bool(elsewhere)
        refuses = in_words and not is_everywhere(one.response, elsewhere)
        is_undecided = verdict.outcome is Outcome.UNKNOWN
        return is_undecided and not refuses and not is_error_page(one.response)

    def judged(self) -> list[Verdict]:
        """The verdicts by all answers so far; cached until one is added."""
        if self._judged is None:
            self._judged = self._judged_safely()
        return self._judged

    def _judged_safely(self) -> list[Verdict]:
        """Judges by the statuses alone if a fault of ours prevents more, so that it neither stops
        other routes nor hides what was sent."""
        try:
            return self._judge()
        except Exception as error:  # noqa: BLE001 - noted in the verdict, logged
            fault = log_own_fault("judgement_failed", self.probe.route.name, error)
        self._keep_statuses_only(fault)
        try:
            return self._judge()
        except Exception as error:  # noqa: BLE001 - noted in the verdict, logged
            fault = log_own_fault("judgement_failed", self.probe.route.name, error)
        return undecided(self.probe, self.looks, self.not_sent, fault)

    def _judge(self) -> list[Verdict]:
        diagnosis = diagnose(self.exchanges, self.facts)
        return judge(
            self.probe,
            self.looks,
            self.asked,
            diagnosis,
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
