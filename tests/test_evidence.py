"""The record of an exchange: without secrets, bounded, and with what judging needs."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import yaml

from gatewatch.attempt import Attempt
from gatewatch.config.canonical import Expect
from gatewatch.diagnosis.diagnose import diagnose
from gatewatch.evidence import evidence, keep_gateway_bodies
from gatewatch.gateway.traits import traits_of
from gatewatch.model import CredentialKind, Exchange, SentCredential, Validity
from gatewatch.raw import RawExchange
from gatewatch.redaction.redactor import Redactor
from gatewatch.transcripts.exchanges import exchange as from_json

from .support import CORPUS, look

CASES = Path(__file__).parent / "diagnosis" / "cases"
REST = (("Date", "d"), ("x-amzn-RequestId", "r"), ("x-amz-apigw-id", "a"))
TYPE = ("x-amzn-ErrorType", "ForbiddenException")
HTTP = (("Date", "d"), ("apigw-requestid", "a"))


def recorded(
    body: bytes = b"",
    *,
    url: str = "https://h.example.com/x",
    sent: tuple[tuple[str, str], ...] = (),
    expect: Expect | None = None,
    secrets: tuple[str, ...] = (),
    **raw: object,
) -> Exchange:
    attempt = Attempt(
        api="a",
        route="GET /x",
        entrance="https://h.example.com",
        method="GET",
        url=url,
        headers=sent,
        timeout_seconds=1,
        expect=expect,
    )
    settled = {"status": 200, "headers": HTTP, **raw}
    made = RawExchange(attempt=attempt, sent_at="t", body=body, **settled)  # type: ignore[arg-type]
    return evidence(made, Redactor(secrets))


def test_a_gateways_body_is_kept() -> None:
    body = b'{"message":"Forbidden"}'
    one = recorded(body, status=403, headers=(*REST, TYPE))
    assert one.response.body == body.decode()


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_any_other_body_is_a_length_and_a_hash(status: int) -> None:
    body = b'{"customer": "Jane Doe"}'
    one = recorded(body, status=status)
    assert one.response.body is None
    assert one.response.body_length == len(body)
    assert one.response.body_sha256 == sha256(body).hexdigest()
    assert "Jane" not in msgspec.json.encode(one).decode()


def test_the_hash_is_of_the_redacted_text() -> None:
    # Else a body that is nothing but a weak secret could be guessed from its hash.
    one = recorded(b"hunter2hunter2", secrets=("hunter2hunter2",))
    assert one.response.body_sha256 == sha256(b"<redacted>").hexdigest()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h.example.com/x?api_key=planted-0001&page=2", ()),
        ("https://h.example.com/x?a=1&code=planted-0001", ()),
        ("https://planted-0001@h.example.com/x", ()),
        ("https://user:planted-0001@h.example.com/x", ()),
        ("https://h.example.com/x", (("X-Session-Token", "planted-0001"),)),
        ("https://h.example.com/x", (("Authorization", "Custom planted-0001"),)),
    ],
)
@pytest.mark.parametrize("echo", ["planted-0001", "706c616e7465642d30303031", "cGxhbnRlZC0wMDAx"])
def test_a_credential_in_the_request_itself_is_not_repeated_from_its_answer(
    url: str, sent: tuple[tuple[str, str], ...], echo: str
) -> None:
    body = json.dumps({"message": f"Forbidden: {echo}"}).encode()
    headers = (*REST, TYPE, ("X-Echo", echo))
    one = recorded(body, url=url, sent=sent, status=403, headers=headers)
    assert echo not in msgspec.json.encode(one).decode()
    assert one.response.body == '{"message": "Forbidden: <redacted>"}'


def test_the_urls_in_headers_lose_their_secrets() -> None:
    location = ("Location", "https://user:pw@h.example.com/cb?session=abc123&a=1#access_token=x1y2")
    one = recorded(status=302, headers=(*REST, location))
    assert one.response.headers["Location"] == (
        "https://<redacted>@h.example.com/cb?session=<redacted>&a=1#access_token=<redacted>"
    )


def test_a_header_that_is_cut_within_an_escape_shows_no_beginning() -> None:
    # Cut at a thousand characters: fourteen of the secret's twenty-eight had stood there.
    secret = "p%ss/w0rd+with=specials&more"
    escaped = "".join(f"%{ord(one):02X}" for one in secret)
    value = f"{'a' * (999 - 3 * 14)}{escaped}{'b' * 999}"
    one = recorded(headers=(*HTTP, ("X-Echo", value)), secrets=(secret,))
    assert one.response.headers["X-Echo"].strip("a") == "<redacted>"


def test_a_failure_inside_a_success_leaves_its_sign() -> None:
    one = recorded(b'{"status_code": 400, "customer": "Jane"}')
    assert one.response.body is None
    assert "inner_failure" in one.response.signs


def test_credentials_are_named_and_never_shown() -> None:
    sent = (SentCredential(CredentialKind.BEARER, Validity.VALID),)
    one = recorded(credentials=sent, secrets=("tok-tok-tok",))
    assert one.request.credentials == sent
    assert one.request.headers == {"authorization": "<redacted>"}


def test_a_key_that_was_sent_is_named_and_never_shown() -> None:
    sent = (SentCredential(CredentialKind.API_KEY, Validity.VALID),)
    assert recorded(credentials=sent).request.headers == {"x-api-key": "<redacted>"}


@pytest.mark.parametrize(
    ("status", "named", "judged"),
    [(200, (), True), (302, (), True), (403, (), False), (403, (403,), True), (403, (404,), False)],
)
def test_expectations_are_for_answers_that_their_owner_may_want(
    status: int, named: tuple[int, ...], judged: bool
) -> None:
    expect = Expect(status=named, body="nowhere", within_seconds=0.1)
    one = recorded(b"{}", status=status, expect=expect, elapsed_ms=101.0)
    assert (bool(one.response.unmet), bool(one.response.late)) == (judged, judged)


@pytest.mark.parametrize(("took", "late"), [(99.9, False), (100.0, False), (100.1, True)])
def test_an_answer_is_late_only_beyond_the_time_it_has(took: float, late: bool) -> None:
    one = recorded(b"{}", expect=Expect(within_seconds=0.1), elapsed_ms=took)
    assert (one.response.late is not None) is late


def test_a_gzip_bomb_is_not_read() -> None:
    bomb = gzip.compress(b"a" * 30_000_000)[:65_536]
    response = recorded(bomb, headers=(*HTTP, ("Content-Encoding", "gzip"))).response
    assert (response.body, response.body_length, response.is_cut) == (None, None, True)
    assert response.unread == (
        "the body cannot be read: it unpacks to more than 100 times its size",
    )


def test_a_packed_body_is_unpacked_to_the_bound_only() -> None:
    long = b"".join(b"%d " % (n * 7919) for n in range(30_000))
    one = recorded(gzip.compress(long)[:65_536], headers=(*HTTP, ("Content-Encoding", "gzip")))
    assert (one.response.body_length, one.response.unread) == (65_536, ())


def test_a_packed_refusal_is_still_read() -> None:
    packed = gzip.compress(b'{"message":"Forbidden"}')
    one = recorded(packed, status=403, headers=(*REST, TYPE, ("content-encoding", "gzip")))
    assert one.response.body == '{"message":"Forbidden"}'


@pytest.mark.parametrize(
    "charset",
    ["nonsense", "latin-1", "undefined", "idna", "punycode", "utf-7", "unicode_escape", "hex"],
)
@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"+2AA-", b"\\ud800", b"xn--aaa"])
def test_odd_charsets_and_bytes_never_fail(charset: str, body: bytes) -> None:
    kind = ("Content-Type", f"text/plain; charset={charset}")
    one = recorded(body, status=403, headers=(*HTTP, kind))
    assert one.response.status == 403
    assert msgspec.json.encode(one)


def test_a_charset_that_is_known_is_read() -> None:
    headers = (*HTTP, ("Content-Type", 'application/json; Charset="UTF-16"'))
    packed = '{"message":"Forbidden"}'.encode("utf-16")
    assert recorded(packed, status=403, headers=headers).response.body == '{"message":"Forbidden"}'


@pytest.mark.parametrize("wbits", [15, -15, 31], ids=["zlib", "raw", "gzip"])
def test_each_way_of_deflating_is_unpacked(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b'{"message":"Forbidden"}') + packer.flush()
    one = recorded(packed, status=403, headers=(*HTTP, ("Content-Encoding", "deflate")))
    assert one.response.body == '{"message":"Forbidden"}'


def test_a_body_packed_in_several_members_is_read_whole() -> None:
    packed = b"".join(gzip.compress(part) for part in (b"", b'{"message":', b'"Forbidden"}'))
    one = recorded(packed, status=403, headers=(*HTTP, ("Content-Encoding", "gzip")))
    assert one.response.body == '{"message":"Forbidden"}'


def test_header_spelling_is_kept_and_headers_are_bounded() -> None:
    many = tuple((f"X-{number}", "v" * 5000) for number in range(500))
    shown = recorded(headers=(("Apigw-Requestid", "a"), *many)).response.headers
    assert "Apigw-Requestid" in shown
    assert len(shown) == 100
    assert max(map(len, shown.values())) == 1000


SECRET = "k7Qz0pLm42XvTr9w"


def test_a_secret_in_the_name_of_a_header_is_hidden() -> None:
    shown = recorded(headers=((f"X-{SECRET}", "1"),), secrets=(SECRET,)).response.headers
    assert shown == {"X-<redacted>": "1"}


@pytest.mark.parametrize("kept", [4, 8, 12, 15, 16])
def test_a_secret_that_the_bound_of_a_body_cuts_is_hidden(kept: int) -> None:
    body = (b'{"message":"Forbidden ' + b"x" * 65_536)[: 65_536 - kept] + SECRET[:kept].encode()
    raw = {"status": 403, "headers": (*REST, TYPE), "body_is_whole": False}
    shown = recorded(body, secrets=(SECRET,), **raw).response.body
    assert shown is not None
    assert shown.endswith("x<redacted>")


@pytest.mark.parametrize("kept", [4, 8, 12, 15, 16])
def test_a_secret_that_the_bound_of_a_header_cuts_is_hidden(kept: int) -> None:
    value = "y" * (1000 - kept) + SECRET
    shown = recorded(headers=(("X-A", value),), secrets=(SECRET,)).response.headers["X-A"]
    assert shown.startswith("yyy")
    assert SECRET[:4] not in shown


def test_a_secret_that_a_sentence_would_cut_is_hidden() -> None:
    body = json.dumps({"note": "z" * 70 + SECRET}).encode()
    one = recorded(body, expect=Expect(json={"$.note": 1}), secrets=(SECRET,))
    assert SECRET[:4] not in str(one.response.unmet)


def test_megabytes_of_headers_cost_no_time_of_ours() -> None:
    many = tuple((f"X-{number}", "y" * 60_000) for number in range(95))
    started = time.process_time()
    recorded(headers=many, secrets=tuple(f"{n}{SECRET}" for n in range(10)))
    assert time.process_time() - started < 1


def test_headers_of_one_name_are_joined() -> None:
    shown = recorded(headers=(("Via", "1.1 a"), ("Via", "1.1 b"))).response.headers
    assert shown == {"Via": "1.1 a, 1.1 b"}


BODY = json.dumps(
    {"ok": True, "n": 1, "none": None, "items": [{"id": 1}], "name": "x" * 200}
).encode()
_OBJECTS_DIFFER = "$.items[0] is an object of 1, expected an object of 2"


@pytest.mark.parametrize(
    ("expect", "unmet"),
    [
        (Expect(json={"$.ok": True}), ()),
        (Expect(json={"$.items[0].id": 1}), ()),
        (Expect(json={"$.ok": False}), ("$.ok is true, expected false",)),
        (Expect(json={"$.gone": 1}), ("$.gone is nothing, expected 1",)),
        (Expect(json={"$.items": 1}), ("$.items is a list of 1, expected 1",)),
        (Expect(body="items"), ()),
        (Expect(body="nowhere"), ('the body does not contain "nowhere"',)),
        (Expect(headers={"APIGW-requestid": "a"}), ()),
        (Expect(headers={"etag": ".+"}), ('header etag is missing, expected ".+"',)),
        (Expect(headers={"Date": "x.*"}), ('header Date is "d", expected "x.*"',)),
        (Expect(json={"$.n": 1}), ()),
        (Expect(json={"$.n": 1.0}), ()),
        (Expect(json={"$.n": True}), ("$.n is 1, expected true",)),
        (Expect(json={"$.n": "1"}), ('$.n is 1, expected "1"',)),
        (Expect(json={"$.ok": 1}), ("$.ok is true, expected 1",)),
        (Expect(json={"$.ok": "true"}), ('$.ok is true, expected "true"',)),
        (Expect(json={"$.none": False}), ("$.none is null, expected false",)),
        (Expect(json={"$.none": None}), ()),
        (Expect(json={"$.items": [{"id": 1}]}), ()),
        (
            Expect(json={"$.items": [{"id": True}]}),
            ("$.items is a list of 1, expected a list of 1",),
        ),
        (Expect(json={"$.items[0]": {"id": 1, "x": 2}}), (_OBJECTS_DIFFER,)),
    ],
)
def test_expectations_are_judged_while_the_body_is_there(
    expect: Expect, unmet: tuple[str, ...]
) -> None:
    one = recorded(BODY, expect=expect, elapsed_ms=250.0)
    assert one.response.unmet == unmet
    assert one.response.body is None


def test_a_body_that_is_not_json_is_said_so() -> None:
    assert recorded(b"<html>", expect=Expect(json={"$.a": 1})).response.unmet == (
        "the body is not JSON",
    )


DEEP = b'{"a":' * 120 + b"1" + b"}" * 120


def test_a_body_nested_too_deep_for_a_path_is_said_so() -> None:
    one = recorded(DEEP, expect=Expect(json={"$..b": 1, "$.a.c": 1}))
    assert one.response.unread == ("$..b cannot be looked up: the body is nested too deep",)
    assert one.response.unmet == ("$.a.c is nothing, expected 1",)


def test_a_body_made_for_a_pattern_holds_it_for_a_moment_only() -> None:
    """Each pattern is stopped after a second of the processor, however busy the machine is;
    unstopped it would take longer than anybody waits."""
    hostile = b"a" * 40_000 + b"!"
    started = time.process_time()
    expect = Expect(body="(a+)+$", headers={"X-A": "(a|a)+"})
    one = recorded(hostile, expect=expect, headers=(*HTTP, ("X-A", "a" * 500 + "!")))
    assert time.process_time() - started < 10
    assert one.response.unmet == ()
    assert one.response.unread == (
        'header X-A takes too long to match "(a|a)+"',
        'the body takes too long to match "(a+)+$"',
    )


def test_what_is_unmet_shows_no_secret() -> None:
    one = recorded(
        b'{"token": "s3cr3t-token"}',
        expect=Expect(json={"$.token": 1}),
        secrets=("s3cr3t-token",),
    )
    assert one.response.unmet == ('$.token is "<redacted>", expected 1',)


# What is dropped of a body must change no diagnosis: the monitor never sees more than the record.


def with_all_headers() -> list[Exchange]:
    """Recorded responses and those of the causes' cases, as a prober would have seen them."""
    rows = [from_json(json.loads(line)) for line in CORPUS.read_text().splitlines()]
    cases = (yaml.safe_load(file.read_text()) for file in CASES.glob("*.yaml"))
    lines = (
        line
        for file in cases
        for case in (*file["matches"], *file["misses"])
        for line in case.get("looks", ())
    )
    return [one for one in (*rows, *map(look, lines)) if traits_of(one).has_all_headers]


@pytest.mark.parametrize("one", with_all_headers(), ids=lambda one: one.id or one.request.url[-30:])
def test_dropping_a_body_changes_no_diagnosis(one: Exchange) -> None:
    whole, kept = diagnose([one]), diagnose([keep_gateway_bodies(one)])
    assert (kept.layer, kept.confidence) == (whole.layer, whole.confidence)
    assert kept.candidates == whole.candidates


def test_a_page_of_a_cdn_is_kept() -> None:
    page = b"<html>The request could not be satisfied. Request blocked.</html>"
    one = recorded(page, status=403, headers=(("Date", "d"), ("Server", "CloudFront")))
    assert one.response.body == page.decode()
