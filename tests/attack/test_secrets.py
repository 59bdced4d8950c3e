"""Canaries: however many secrets there are, and whatever they share, nothing shows one."""

from __future__ import annotations

import random
import time
import tracemalloc
from string import ascii_letters, digits

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor
from tests.redaction.test_redaction import FORMS

_TOKEN = f"{ascii_letters}{digits}-_"
# So short a secret is hidden only where the whole of it is shown.
_TOLD_WHOLE = 10
_HEAD = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImFiY2RlZmdoaWprbG1ub3AiLCJ0eXAiOiJKV1QifQ."


def _random(seed: object, length: int, alphabet: str = _TOKEN) -> str:
    return "".join(random.Random(str(seed)).choices(alphabet, k=length))  # noqa: S311 - a fake


def _jwt(seed: int) -> str:
    return f"{_HEAD}{_random(f'p{seed}', 900)}.{_random(f's{seed}', 342)}"


KINDS = {
    "API keys that share a beginning": lambda n: f"prod{_random(n, 4, ascii_letters)}",
    "API keys that share an end": lambda n: f"{_random(n, 6)}-orders-key",
    "API Gateway's keys": lambda n: _random(n, 40, ascii_letters + digits),
    "tokens with one head": lambda n: f"{_HEAD}{_random(n, 60)}.{_random(-n, 43)}",
    "passwords": lambda n: _random(n, 12, f"{ascii_letters}&+/=%<>'\" \\:;@"),
    "short passwords": lambda n: _random(n, 6, f"{digits}abcdef"),
    "passwords beyond ASCII": lambda n: f"pässwörd-{_random(n, 5)}-\N{KEY}",
    "UUIDs": lambda n: f"{_random(n, 8, '0123456789abcdef')}-1111-4222-8333-000000{n:06d}",
    "AWS key ids": lambda n: f"AKIA{_random(n, 16, 'ABCDEFGHIJKLMNOP234567')}",
    "AWS secret keys": lambda n: _random(n, 40, f"{_TOKEN}/+"),
    "numbers": lambda n: f"4711{n:04d}{_random(n, 4, digits)}",
    "nested beginnings": lambda n: "abcdefgh" + "ijkl" * (n % 9) + f"{n:04d}",
    "phrases": lambda n: f"correct horse {_random(n, 5, ascii_letters)} battery {n}",
}


def _shown(form: str, secret: str) -> str:
    shown = FORMS[form](secret).strip('"')
    for scheme in ("Bearer ", "Basic "):
        shown = shown.removeprefix(scheme)
    return shown.rstrip("=")


@pytest.mark.parametrize("form", FORMS)
def test_a_hundred_secrets_at_once_and_each_is_hidden(form: str) -> None:
    secrets = [kind(n) for n in range(8) for kind in KINDS.values()]
    assert len(secrets) > 100
    redactor = Redactor(secrets)
    leaks = []
    for secret in secrets:
        shown = _shown(form, secret)
        if form.startswith("all but") and len(secret) <= _TOLD_WHOLE:
            continue
        clean = redactor.text(f"told {shown} then")
        if shown in clean or secret in clean:
            leaks.append((secret, clean))
    assert leaks == []


@pytest.mark.parametrize("count", [1, 12, 40, 1_000])
def test_what_secrets_share_does_not_uncover_them(count: int) -> None:
    secrets = [f"prod{_random(n, 4, ascii_letters)}" for n in range(count)]
    redactor = Redactor(secrets)
    for secret in secrets[-200:]:
        assert redactor.text(f'{{"key": "{secret}"}}') == f'{{"key": "{HIDDEN}"}}'


@given(
    st.lists(st.text("abcd/+é%", min_size=8, max_size=40), min_size=1, max_size=30),
    st.sampled_from(sorted(FORMS)),
    st.integers(min_value=0),
)
@settings(deadline=None)
def test_secrets_of_few_letters_are_hidden(secrets: list[str], form: str, which: int) -> None:
    secret = secrets[which % len(secrets)]
    assume(len(secret) > _TOLD_WHOLE or not form.startswith("all but"))
    clean = Redactor(secrets).text(f"x {_shown(form, secret)} y")
    assert secret not in clean.replace(HIDDEN, "|")
    assert _shown(form, secret) not in clean


def test_many_tokens_cost_little_memory() -> None:
    secrets = [_jwt(n) for n in range(200)]
    tracemalloc.start()
    redactor = Redactor(secrets)
    redactor.text(secrets[0], cut=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 48_000_000


@pytest.mark.parametrize("alike", [True, False], ids=["alike", "different"])
def test_many_secrets_cost_time_in_proportion(alike: bool) -> None:
    """A list of places for each piece would take a thousand times as long where all are alike."""
    beginning = "the-same-beginning-of-all-secrets-" if alike else ""
    redactor = Redactor(f"{beginning}{_random(n, 20)}" for n in range(2_000))
    text = f"{beginning or 'another text '}x" * (65_000 // (len(beginning or "another text ") + 1))
    started = time.process_time()
    redactor.text(text)
    assert time.process_time() - started < 3
