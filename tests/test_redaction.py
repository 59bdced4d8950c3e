"""No secret survives in any form it travels in; what is no secret stays readable."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.evidence import redacted
from gatewatch.gateway.recognition import recognise
from gatewatch.redaction import HIDDEN, Redactor

from .support import corpus, recorded

SECRET = "p@ss/w0rd+with=specials&more"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _each(text: str, escape: str) -> str:
    return "".join(one if one.isalnum() else escape % ord(one) for one in text)


def _every(text: str, escape: str) -> str:
    return "".join(escape % ord(one) for one in text)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "bearer": lambda s: f"Bearer {s}",
    "basic": lambda s: f"Basic {_b64(f'user:{s}'.encode())}",
    "base64": lambda s: _b64(s.encode()),
    "base64 without padding": lambda s: _b64(s.encode()).rstrip("="),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "inside longer base64, offset 1": lambda s: _b64(f"a{s}zz".encode()),
    "inside longer base64, offset 2": lambda s: _b64(f"ab{s}z".encode()),
    "URL-encoded": lambda s: quote(s, safe=""),
    "URL-encoded in lower case": lambda s: quote(s, safe="").replace("%2B", "%2b"),
    "URL-encoded as a form": quote_plus,
    "URL-encoded twice": lambda s: quote(quote(s, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON with escaped slashes": lambda s: json.dumps(s).replace("/", "\\/"),
    "JSON as Go, Gson and .NET write it": lambda s: _each(s, "\\u%04x"),
    "JSON with capital escapes": lambda s: _each(s, "\\u%04X"),
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "JavaScript in hex": lambda s: _each(s, "\\x%02x"),
    "encodeURIComponent": lambda s: quote(s, safe="!'()*"),
    "every character URL-encoded": lambda s: _every(s, "%%%02X"),
    "every character escaped": lambda s: _every(s, "\\u%04x"),
    "every character an entity": lambda s: _every(s, "&#%d;"),
    "every character a hex entity": lambda s: _every(s, "&#x%x;"),
    "HTML": html.escape,
    "HTML as Go writes it": lambda s: html.escape(s).replace("&quot;", "&#34;"),
    "HTML in JSON in a URL": lambda s: quote(json.dumps(html.escape(s)), safe=""),
    "Base64 in a URL": lambda s: quote(_b64(f"user:{s}".encode()), safe=""),
    "hex in capitals": lambda s: s.encode().hex().upper(),
    "all but the last character": lambda s: s[:-1],
    "all but the first character": lambda s: s[1:],
    "hex": lambda s: s.encode().hex(),
    "SHA-256 in Base64": lambda s: _b64(hashlib.sha256(s.encode()).digest()),
    "SHA-256 in hex": lambda s: hashlib.sha256(s.encode()).hexdigest(),
    "SHA-256 of the bearer header": lambda s: _b64(hashlib.sha256(f"Bearer {s}".encode()).digest()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_hidden_in_every_form(form: str) -> None:
    shown = FORMS[form](SECRET)
    text = f"before {shown} after"
    clean = Redactor([SECRET]).text(text)
    assert SECRET not in clean
    core = shown.strip('"').removeprefix("Bearer ").removeprefix("Basic ").rstrip("=")
    assert core not in clean
    assert HIDDEN in clean
    assert clean.startswith("before")


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40),
    st.sampled_from(sorted(FORMS)),
)
def test_a_generated_secret_is_hidden(secret: str, form: str) -> None:
    shown = FORMS[form](secret)
    clean = Redactor([secret]).text(f"x {shown} y")
    assert secret not in clean.replace(HIDDEN, "")


@pytest.mark.parametrize(
    "shown",
    ["Zoë-påß-Łódź", quote("Zoë-påß-Łódź"), json.dumps("Zoë-påß-Łódź"), "Zo&euml;-påß-Łódź"],
)
def test_a_secret_that_is_not_ascii_is_hidden(shown: str) -> None:
    assert Redactor(["Zoë-påß-Łódź"]).text(f"x {shown.strip(chr(34))} y") == f"x {HIDDEN} y"


def test_short_secrets_are_hidden_whole_and_words_are_not() -> None:
    redactor = Redactor(["a1b2", "authorization-service-key-2026"])
    assert redactor.text("a1b a1b2 a1b") == f"a1b {HIDDEN} a1b"
    assert redactor.text("in Authorization header") == "in Authorization header"


def test_a_text_that_was_cut_does_not_end_with_the_beginning_of_a_secret() -> None:
    redactor = Redactor([SECRET])
    assert redactor.text("told p@ss/w", cut=True) == f"told {HIDDEN}"
    assert redactor.text("told p%40ss%2Fw", cut=True) == f"told {HIDDEN}"
    assert redactor.text("told p@s", cut=True) == "told p@s"
    assert redactor.text("told p@ss/w") == "told p@ss/w"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("the token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbg was refused", "eyJhbGciOiJI"),
        ("key AKIAIOSFODNN7EXAMPLE is unknown", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        (
            "'tok-1' not a valid key=value pair (missing equal-sign) in Authorization header: "
            "'Bearer tok-1'.",
            "tok-1",
        ),
        (
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
            "SHA-256 and encoded with Base64): 'c4c5o9/mNVBmKK65loEj+T+z+Apc7uaFjxfgzRycghs='.",
            "c4c5o9",
        ),
        (
            "The Canonical String for this request should have been\n'GET\n/\nx-amz-security-token:"
            "IQoJb3JpZ2lu\n'",
            "IQoJb3JpZ2lu",
        ),
        ('Bearer realm="a", token="s3cr3tv4lue"', "s3cr3tv4lue"),
        ("Credential=AKIDABC/20261122/us-east-1/execute-api/aws4_request", "AKIDABC"),
    ],
)
def test_what_gateways_echo_is_hidden_without_being_known(text: str, secret: str) -> None:
    clean = Redactor().text(text)
    assert secret not in clean
    assert HIDDEN in clean


@pytest.mark.parametrize(
    "text",
    [
        '{"message":"Missing Authentication Token"}',
        'Bearer scope="orders/read" error="insufficient_scope"',
        "Authorization header requires 'Credential' parameter.",
        "The request signature we calculated does not match the signature you provided.",
        "bearer token missing",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor([SECRET]).text(text) == text


def test_credential_headers_are_hidden_whole() -> None:
    hidden = ["X-Api-Key", "authorization", "X-Auth-Token", "x-amzn-remapped-authorization"]
    open_ = ["Accept", "access-control-allow-credentials", "x-amzn-errortype", "www-authenticate"]
    shown = Redactor().headers((name, "value") for name in (*hidden, *open_))
    assert shown == {**dict.fromkeys(hidden, HIDDEN), **dict.fromkeys(open_, "value")}


def test_urls_lose_user_info_and_secret_parameters() -> None:
    url = "https://u:p@h.example.com/a?id=1&access_token=abc&X-Amz-Signature=123&pwd=x#id_token=y"
    assert Redactor().url(url) == (
        "https://h.example.com/a?id=1&access_token=<redacted>&X-Amz-Signature=<redacted>"
        "&pwd=<redacted>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "v" * 65_536,
        "v" * 65_536 + " not a valid key=value pair",
        "'" * 65_536,
        "eyJ" * 20_000,
        "AKIA" * 16_000,
        "bearer " * 9_000,
        "Credential=" * 6_000,
        "in Authorization header: '" * 2_500,
        "a " * 32_000,
        "%25" * 20_000,
        "&amp;" * 13_000,
        "\\u0070" * 10_000,
        SECRET * 2_300,
        SECRET[:-8] * 3_000,
        'token="' * 9_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_text_takes_long(text: str) -> None:
    # A hostile body must not hold a probe: a quadratic pattern takes minutes here.
    redactor = Redactor([SECRET, "another-secret-value"])
    started = time.process_time()
    redactor.text(text)
    assert time.process_time() - started < 2


def test_control_characters_never_reach_a_terminal() -> None:
    assert "\x1b" not in Redactor().text("\x1b[31mred\x07 \u202etxt")
    assert Redactor().text("a\nb\tc") == "a\nb\tc"


@pytest.mark.parametrize("row_id", list(corpus()))
def test_redaction_does_not_change_what_an_answer_is(row_id: str) -> None:
    before = recorded(row_id)
    assert recognise(redacted(before, Redactor())) == recognise(before)
