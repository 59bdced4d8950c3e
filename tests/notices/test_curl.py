"""The look that decides, as a command to paste: it sends what was sent, without the credential, and
nothing that may write. A real shell reads it."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.model import (
    CredentialKind,
    Exchange,
    Request,
    Response,
    SentCredential,
    Validity,
)
from gatewatch.notices.curl import curl
from gatewatch.redaction.looks import HIDDEN

URL = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"


def sent(
    *kinds: CredentialKind,
    method: str = "GET",
    url: str = URL,
    validity: Validity = Validity.VALID,
    **headers: str,
) -> Exchange:
    credentials = tuple(SentCredential(kind, validity) for kind in kinds)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(method=method, url=url, credentials=credentials, headers=named)
    return Exchange(request=request, response=Response(status=403))


COMMANDS = {
    "anonymous": (sent(), f"curl -gi {URL}"),
    "head": (sent(method="HEAD"), f"curl -gi -I {URL}"),
    "a_preflight": (sent(method="OPTIONS"), f"curl -gi -X OPTIONS {URL}"),
    "bearer": (
        sent(CredentialKind.BEARER),
        f'curl -gi {URL} -H "authorization: Bearer $TOKEN"',
    ),
    "an_invalid_token": (
        sent(CredentialKind.BEARER, validity=Validity.INVALID),
        f'curl -gi {URL} -H "authorization: Bearer $INVALID_TOKEN"',
    ),
    "a_key_and_basic": (
        sent(CredentialKind.API_KEY, CredentialKind.BASIC),
        f'curl -gi {URL} -H "x-api-key: $API_KEY" --user "$USERNAME:$PASSWORD"',
    ),
    "signed": (
        sent(CredentialKind.SIGV4),
        f"curl -gi {URL} --aws-sigv4 aws:amz:us-east-1:execute-api"
        ' --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
        ' -H "x-amz-security-token: $AWS_SESSION_TOKEN"',
    ),
    "a_secret_in_its_query": (
        sent(url=f"{URL}?a=1&key={HIDDEN}&b=2"),
        f"""curl -gi '{URL}?a=1&key='"$HIDDEN"'&b=2'""",
    ),
    "an_api_behind_an_endpoint": (
        sent(x_apigw_api_id="abc123"),
        f"curl -gi {URL} -H 'x-apigw-api-id: abc123'",
    ),
    "its_hidden_headers": (
        sent(CredentialKind.BEARER, authorization=HIDDEN, x_custom="y"),
        f'curl -gi {URL} -H "authorization: Bearer $TOKEN"',
    ),
}


@pytest.mark.parametrize(("exchange", "command"), COMMANDS.values(), ids=COMMANDS)
def test_a_look_can_be_taken_again(exchange: Exchange, command: str) -> None:
    assert curl(exchange) == command


NOT_TOLD = {
    **{f"a_{one.lower()}": sent(method=one) for one in ("POST", "PUT", "PATCH", "DELETE", "X")},
    "an_unknown_method": sent(method=""),
    "an_unknown_credential": sent(CredentialKind.UNKNOWN),
    "a_signature_for_a_cdn": sent(CredentialKind.SIGV4, url="https://d1.cloudfront.net/x"),
    "a_signature_for_nobody_knows_which_region": sent(
        CredentialKind.SIGV4, url="https://api.example.com/x"
    ),
    "no_address": sent(url=""),
    "a_tag": sent(url=f"{URL}?<script>"),
    "another_scheme": sent(url="file:///etc/passwd"),
    "an_option": sent(url="-o/etc/passwd"),
    "a_space": sent(url=f"{URL}/a b"),
    "a_line": sent(url=f"{URL}\n--output x"),
    "direction": sent(url=f"{URL}/\u202egnp"),
    "very_long": sent(url=f"{URL}/{'x' * 2000}"),
    "hidden_as_a_whole": sent(url=HIDDEN),
}


@pytest.mark.parametrize("exchange", NOT_TOLD.values(), ids=NOT_TOLD)
def test_what_may_write_or_is_not_known_is_no_command(exchange: Exchange) -> None:
    assert curl(exchange) is None


HOSTILE = ("'; touch owned; '", "$(touch owned)", "`touch owned`", "&touch owned&", '"$PATH"', "!x")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shell_reads_a_hostile_address_as_one_word(text: str) -> None:
    url = f"{URL}?{text}".replace(" ", "%20")
    command = curl(sent(url=url))
    assert command is not None
    assert shlex.split(command) == ["curl", "-gi", url]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_real_shell_fills_in_what_was_hidden_and_runs_nothing_else(text: str) -> None:
    url = f"{URL}?{text}&key={HIDDEN}".replace(" ", "%20")
    command = curl(sent(CredentialKind.BEARER, url=url))
    said = subprocess.run(
        ["/bin/sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}; {command}"],
        check=True,
        capture_output=True,
        text=True,
        env={"TOKEN": "a b*", "HIDDEN": "c d"},
    )
    filled = url.replace(HIDDEN, "c d")
    assert said.stdout.splitlines() == ["-gi", filled, "-H", "authorization: Bearer a b*"]


PRINTABLE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="<>"), max_size=40
)


@given(PRINTABLE, PRINTABLE)
def test_any_address_and_header_is_one_word_of_a_shell(path: str, value: str) -> None:
    url = f"{URL}/{path}"
    command = curl(sent(url=url, user_agent=value))
    assert command is not None
    agent = ["-H", f"user-agent: {value}"] if value else []
    assert shlex.split(command) == ["curl", "-gi", url, *agent]
