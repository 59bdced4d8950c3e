"""The redactor knows what is in use and what was replaced a short while ago, and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest

from gatewatch.config.canonical import AssumedRole, Cognito, OwnKeys
from gatewatch.ports import Keys
from gatewatch.probe.known import FORGOTTEN_AFTER, KnownSecrets
from gatewatch.probe.vault import Vault
from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor
from tests.callers import HandClock


def knows(known: KnownSecrets, secret: str) -> bool:
    return known.redactor().text(secret) == HIDDEN


def test_ten_minutes_are_enough() -> None:
    assert timedelta(minutes=10) == FORGOTTEN_AFTER


@pytest.mark.parametrize(
    ("minutes", "is_known"), [(0, True), (9.99, True), (10, False), (10.01, False)]
)
def test_what_was_replaced_is_known_for_a_while(minutes: float, is_known: bool) -> None:
    clock = HandClock()
    known = KnownSecrets(clock.now)
    known.hold("place", "old-secret-value")
    clock.move(seconds=86_400)
    known.hold("place", "new-secret-value")
    clock.move(seconds=minutes * 60)
    assert knows(known, "old-secret-value") is is_known
    assert knows(known, "new-secret-value")


def test_what_another_place_still_holds_is_known() -> None:
    clock = HandClock()
    known = KnownSecrets(clock.now)
    known.hold("one", "shared-secret-value")
    known.hold("other", "shared-secret-value")
    known.hold("one", "new-secret-value")
    clock.move(seconds=3_600)
    assert knows(known, "shared-secret-value")


def test_what_came_back_is_known() -> None:
    clock = HandClock()
    known = KnownSecrets(clock.now)
    for value in ("first-secret-value", "other-secret-value", "first-secret-value"):
        known.hold("place", value)
        clock.move(seconds=60)
    clock.move(seconds=3_600)
    assert knows(known, "first-secret-value")
    assert not knows(known, "other-secret-value")


def test_a_clock_that_is_set_back_forgets_nothing() -> None:
    clock = HandClock()
    known = KnownSecrets(clock.now)
    known.hold("place", "old-secret-value")
    known.hold("place", "new-secret-value")
    clock.move(seconds=-86_400)
    assert knows(known, "old-secret-value")


def test_one_redactor_serves_until_there_are_other_secrets() -> None:
    known = KnownSecrets(HandClock().now)
    known.hold("place", "some-secret-value")
    first = known.redactor()
    known.hold("place", "some-secret-value")
    assert known.redactor() is first
    known.hold("other", "other-secret-value")
    assert known.redactor() is not first


class _Changing:
    """Keys that live for five minutes."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.made = 0

    def own_keys(self) -> tuple[Keys, datetime]:
        self.made += 1
        keys = Keys(
            f"AKIAPLANTED{self.made:09d}",
            f"planted-secret-key-{self.made:09d}",
            f"planted-session-{self.made:09d}",
        )
        return keys, self._clock.now() + timedelta(minutes=5)

    def role_keys(self, role: AssumedRole) -> tuple[Keys, datetime]:
        raise NotImplementedError

    def cognito_token(self, *_: Cognito | str | None) -> tuple[str, datetime]:
        raise NotImplementedError


def test_a_day_of_five_minute_keys_leaves_the_last_few_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[int] = []
    build = Redactor.__init__

    def counting(self: Redactor, secrets: frozenset[str] = frozenset()) -> None:
        built.append(len(secrets))
        build(self, secrets)

    monkeypatch.setattr(Redactor, "__init__", counting)
    clock = HandClock()
    changing = _Changing(clock)
    vault = Vault(lambda _: "", clock, changing)
    for _ in range(24 * 60):
        keys = vault.keys(OwnKeys())
        for _ in range(3):
            assert knows(vault.known, keys.secret_access_key)
        clock.move(seconds=60)
    assert changing.made > 280
    assert max(built) <= 4 * 3
    assert len(built) <= 3 * changing.made


def test_no_thread_gets_a_redactor_that_is_older_than_the_secrets() -> None:
    """Each holds a new secret and must get a redactor of it, whoever else asks at the time."""
    known = KnownSecrets(HandClock().now)
    start = Barrier(8)
    missed: list[str] = []

    def work(worker: int) -> None:
        start.wait()
        for at in range(40):
            secret = f"secret-{worker:03d}-of-{at:05d}"
            known.hold((worker, at), secret)
            if not knows(known, secret):
                missed.append(secret)

    threads = [Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []
