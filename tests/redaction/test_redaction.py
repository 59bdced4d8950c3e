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
from gatewatch.redaction.looks import HIDDEN
from gatewatch.redaction.redactor import Redactor
from tests.support import corpus, recorded

SECRET = "p@ss/w0rd+with=specials&more"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _md5(text: str) -> bytes:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


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
    "SHA-256 of a line": lambda s: hashlib.sha256(f"{s}\n".encode()).hexdigest(),
    "SHA-256 for URLs": lambda s: base64.urlsafe_b64encode(_sha256(s)).decode(),
    "SHA-256 in Base32": lambda s: base64.b32encode(_sha256(s)).decode(),
    "SHA-256, the first half": lambda s: hashlib.sha256(s.encode()).hexdigest()[:32],
    "SHA-1": lambda s: hashlib.sha1(s.encode(), usedforsecurity=False).hexdigest(),
    "SHA-1 of a line": lambda s: _b64(
        hashlib.sha1(f"{s}\n".encode(), usedforsecurity=False).digest()
    ),
    "SHA-512": lambda s: hashlib.sha512(s.encode()).hexdigest(),
    "SHA-512 of the bearer header": lambda s: _b64(hashlib.sha512(f"Bearer {s}".encode()).digest()),
    "MD5": lambda s: _md5(s).hex(),
    "MD5 in Base64": lambda s: _b64(_md5(s)),
    "MD5 of a line": lambda s: _md5(f"{s}\n").hex().upper(),
    "MD5 as a fingerprint": lambda s: _md5(s).hex(":"),
    "Base32": lambda s: base64.b32encode(s.encode()).decode(),
    "Base32 in lower case": lambda s: base64.b32encode(s.encode()).decode().lower(),
    "inside longer Base32": lambda s: base64.b32encode(f"abc{s}z".encode()).decode(),
    "Base64 twice": lambda s: _b64(_b64(s.encode()).encode()),
    "Base64 twice, for URLs, inside": lambda s: base64.urlsafe_b64encode(
        _b64(f"u:{s}".encode()).encode()
    ).decode(),
    "hex in Base64": lambda s: _b64(s.encode().hex().encode()),
    "Base64 in hex": lambda s: _b64(s.encode()).encode().hex(),
    "JSON in Base64": lambda s: _b64(json.dumps({"key": _each(s, "\\u%04x")}).encode()),
    "Base64 in lines": lambda s: base64.encodebytes(f"{'header: ' * 8}{s}".encode()).decode(),
    "Base64 in lines, in JSON": lambda s: json.dumps(
        base64.encodebytes(f"{'header: ' * 8}{s}".encode()).decode()
    ),
    "hex with colons": lambda s: s.encode().hex(":"),
    "hex as a Buffer": lambda s: f"<Buffer {s.encode().hex(' ')}>",
    "hex in fours": lambda s: s.encode().hex(" ", 2),
    "bytes": lambda s: str(list(s.encode())),
    "bytes as Go prints them": lambda s: f"[{' '.join(map(str, s.encode()))}]",
    "bytes as C has them": lambda s: ", ".join(f"0x{one:02x}" for one in s.encode()),
    "octal": lambda s: _every(s, "\\%03o"),
    "octal where it is special": lambda s: _each(s, "\\%03o"),
    "Python's long escapes": lambda s: _every(s, "\\U%08x"),
    "Rust's escapes": lambda s: _every(s, "\\u{%x}"),
    "old JavaScript's escape()": lambda s: _every(s, "%%u%04x"),
    "in capitals": lambda s: s.upper(),
    "in lower case": lambda s: s.lower(),
    "in a wrapped line": lambda s: f"{s[:13]}\n    {s[13:]}",
    "in a wrapped line, in JSON": lambda s: json.dumps(f"{s[:13]}\r\n\t{s[13:]}"),
    "in groups": lambda s: " ".join(s[at : at + 4] for at in range(0, len(s), 4)),
    "hex inside longer hex": lambda s: f"abc{s.encode().hex()}def",
    "hex in groups, in a form": lambda s: quote_plus(s.encode().hex(" ", 2)),
    "bytes in a form": lambda s: quote_plus(str(list(s.encode()))),
    "groups in a form": lambda s: quote_plus(
        " ".join(s[at : at + 4] for at in range(0, len(s), 4))
    ),
    "twice escaped in Base64": lambda s: _b64(json.dumps(_each(s, "\\u%04x")).encode()),
    "HTML twice": lambda s: html.escape(html.escape(s)),
    "entities in hex, escaped": lambda s: html.escape(_every(s, "&#x%x;")),
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
    [
        "Zoë-påß-Łódź",
        quote("Zoë-påß-Łódź"),
        json.dumps("Zoë-påß-Łódź"),
        "Zo&euml;-påß-Łódź",
        "Zoë-påß-Łódź".encode().hex(),
        _b64("Zoë-påß-Łódź".encode()).rstrip("="),
    ],
)
def test_a_secret_that_is_not_ascii_is_hidden(shown: str) -> None:
    assert Redactor(["Zoë-påß-Łódź"]).text(f"x {shown.strip(chr(34))} y") == f"x {HIDDEN} y"


def test_a_secret_beyond_sixteen_bits_is_hidden_where_json_halves_it() -> None:
    secret = "pass-\N{KEY}-word-\N{LOCK}"
    assert Redactor([secret]).text(f"x {json.dumps(secret)} y") == f'x "{HIDDEN}" y'
    assert Redactor([secret]).text(f"x {secret} y") == f"x {HIDDEN} y"


def test_short_secrets_are_hidden_whole_and_words_are_not() -> None:
    redactor = Redactor(["a1b2", "authorization-service-key-2026"])
    assert redactor.text("a1b a1b2 a1b") == f"a1b {HIDDEN} a1b"
    assert redactor.text("in Authorization header") == "in Authorization header"


CUTS = {
    "plain": "p@ss/w",
    "in URLs": "p%40ss%2Fw",
    "within an escape of URLs": "p%40ss%2Fw0rd%2Bwith%3",
    "within an escape of URLs, twice": "p%2540ss%252Fw0rd%252Bwith%25",
    "within an escape of JSON": "p\\u0040ss\\u002fw0rd\\u002bwith\\u00",
    "within a long escape": "p\\U00000040ss\\U0000002fw0rd\\U0000002bwith\\U0000",
    "within an octal escape": "p\\100ss\\057w0rd\\053with\\07",
    "within an entity": "p&#64;ss&#47;w0rd&#43;with&#6",
    "behind a backslash": "p@ss\\/w0rd+with\\",
    "Base64": base64.b64encode(SECRET.encode()).decode()[:17],
    "Base64 twice": _b64(_b64(SECRET.encode()).encode())[:23],
    "hex": SECRET.encode().hex()[:25],
    "bytes": str(list(SECRET.encode()))[1:33],
}


@pytest.mark.parametrize("shown", CUTS.values(), ids=CUTS)
def test_a_text_that_was_cut_does_not_end_with_the_beginning_of_a_secret(shown: str) -> None:
    assert Redactor([SECRET]).text(f"told {shown}", cut=True) == f"told {HIDDEN}"


def test_only_a_text_that_was_cut_ends_with_the_beginning_of_a_secret() -> None:
    redactor = Redactor([SECRET])
    assert redactor.text("told p@s", cut=True) == "told p@s"
    assert redactor.text("told p@ss/w") == "told p@ss/w"


@pytest.mark.parametrize("form", FORMS)
def test_wherever_a_form_is_cut_little_of_it_stays(form: str) -> None:
    """Of a header's value as of a body: it is cut before it is searched."""
    shown = FORMS[form](SECRET).strip('"')
    redactor = Redactor([SECRET])
    for end in range(0, len(shown), 3):
        clean = redactor.text(f"x {shown[:end]}", cut=True)
        assert len(clean.replace(HIDDEN, "")) <= max(len(shown) * 3 // 4, 60)
        assert SECRET[:8] not in clean


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("the token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbg was refused", "eyJhbGciOiJI"),
        ("key AKIAIOSFODNN7EXAMPLE is unknown", "AKIAIOSFODNN7EXAMPLE"),
        ("key ASIAIOSFODNN7EXAMPLE is unknown", "ASIAIOSFODNN7EXAMPLE"),
        ("SignedHeaders=host, Signature=0123456789abcdef", "0123456789abcdef"),
        ("Signature=0123ABCD", "0123ABCD"),
        ("a bearer abcdefghijklmnop was sent", "abcdefghijklmnop"),
        ("bearer 12345f", "12345f"),
        ("basic dTpwYXNzd29yZA==", "dTpwYXNzd29yZA"),
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
        "a bearer authentication was expected",
        "a bearer internationally known",
        "a bearer 1234f",
        "the basic v2 plan",
        "with Signature=short",
        "code=403, state=open, key=value",
        "?status=403&path=/orders",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor([SECRET]).text(text) == text


def test_credential_headers_are_hidden_whole() -> None:
    hidden = [
        "X-Api-Key",
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "x-amz-security-token",
        "X-Auth-Token",
        "x-amzn-remapped-authorization",
        "Ocp-Apim-Subscription-Key",
        "x-functions-key",
    ]
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
        _b64(_b64(bytes(range(256)) * 140).encode()),
        base64.b32encode(bytes(range(256)) * 150).decode(),
        (bytes(range(256)) * 120).hex(),
        "41" * 32_000,
        "1, " * 20_000,
        "?a=" * 20_000,
        "?token=" * 9_000,
        "//" * 32_000,
        "://a" * 16_000,
        "-----BEGIN PRIVATE KEY-----" * 2_400,
        "another-secret-v" * 4_000,
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


@pytest.mark.parametrize(
    "control",
    ["\x00", "\x07", "\x1b", "\x7f", "\x9b", *"\u202a\u202b\u202c\u202d\u202e\u2066\u2069"],
)
def test_control_characters_never_reach_a_terminal(control: str) -> None:
    assert Redactor().text(f"a{control}b") == "a\N{REPLACEMENT CHARACTER}b"


URLS = {
    "Location": "https://h.example.com/cb?access_token=CANARY&a=1",
    "a relative Location": "/cb?code=CANARY&state=abc",
    "the fragment": "https://h.example.com/cb#id_token=CANARY&token_type=Bearer",
    "Refresh": "0; url=https://h.example.com/?session=CANARY",
    "Link": "<https://h.example.com/?api_key=CANARY&page=2>; rel=next",
    "a presigned URL": "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=CANARY&X-Amz-Date=1",
    "its signature": "https://b.s3.amazonaws.com/k?a=1&X-Amz-Signature=CANARY",
    "CloudFront's": "https://d.cloudfront.net/k?Expires=1&Signature=CANARY&Key-Pair-Id=K1",
    "Azure's": "https://a.blob.core.windows.net/k?sv=1&sig=CANARY",
    "a session in the path": "/orders;jsessionid=CANARY?a=1",
    "a URL in a URL": "/login?to=https%3A%2F%2Fh%2Fcb%3Faccess_token%3DCANARY",
    "a URL in a URL, twice": "/login?to=https%253A%252F%252Fh%253Fa%253D1%2526token%253DCANARY",
    "HTML": "<a href='/cb?a=1&amp;state=CANARY'>",
    "a form": "refresh_token=CANARY&grant_type=refresh_token",
    "user info": "https://user:CANARY@h.example.com/",
    "user info alone": "<//CANARY@h.example.com/>; rel=next",
    "SourceMap": "/app.js.map?sid=CANARY",
}


@pytest.mark.parametrize("value", URLS.values(), ids=URLS)
def test_a_url_loses_its_secrets_in_whatever_header_it_stands(value: str) -> None:
    shown = Redactor().headers([("x-some-header", value.replace("CANARY", "c4n4ry-VALUE-123"))])
    assert "c4n4ry" not in shown["x-some-header"]
    assert HIDDEN in shown["x-some-header"]


TOKENS = (
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "1A2b3C4d_" * 5,
    "glpat-" + "a1B2c3D4e5" * 2,
    "sk_" + "live_" + "a1B2c3D4" * 3,
    "rk_" + "test_" + "a1B2c3D4" * 3,
    "whsec_" + "a1B2c3D4" * 4,
    "xox" + "b-123456789012-abcdefABCDEF",
    "AIza" + "SyA1b2C3d4" * 4,
    "ya29." + "a0AfH6SMB" * 4,
    "npm_" + "a1B2c3D4e" * 4,
    "pypi-" + "AgEIcHlwaS5vcmc" * 2,
    "SK" + "0123456789abcdef" * 2,
    "SG." + "a1B2c3D4e5F6g7H8i9J0kl." + "a1B2c3D4" * 5,
    "IQoJb3JpZ2luX2VjE" + "a1B2/+" * 20,
    "FwoGZXIvYXdzE" + "a1B2/+" * 20,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA and the end is lost",
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:12])
def test_a_token_that_tells_what_it_is_is_hidden_without_being_known(token: str) -> None:
    assert Redactor().text(f"the token '{token}'").removesuffix("'") == f"the token '{HIDDEN}"


def test_lines_and_tabs_stay() -> None:
    assert Redactor().text("a\nb\tc") == "a\nb\tc"


@pytest.mark.parametrize("row_id", list(corpus()))
def test_redaction_does_not_change_what_an_answer_is(row_id: str) -> None:
    before = recorded(row_id)
    assert recognise(redacted(before, Redactor())) == recognise(before)
