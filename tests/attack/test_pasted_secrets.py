"""A credential that a paste shows is a secret of the whole paste, wherever it is echoed."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from gatewatch.cli.main import main
from gatewatch.transcripts.credentials import credentials
from gatewatch.transcripts.read import read_transcript
from tests.redaction.test_redaction import FORMS

SECRET = "c4n4ry/VALUE+0001/x"
URL = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/orders"
ERROR = {"message": f"Forbidden: {SECRET}", "details": {"seen": SECRET}}
ANSWER = f"""\
HTTP/1.1 403 Forbidden
x-amzn-RequestId: 6a0f2a1c-7b5e-4d2a-9a60-0f5d3c3d5a11
x-amzn-ErrorType: ForbiddenException
x-echo: {SECRET}

{json.dumps(ERROR)}"""
ENCODED = "c4n4ry%2FVALUE%2B0001%2Fx"
PAIR = base64.b64encode(f"user:{SECRET}".encode()).decode()

COMMANDS = {
    "-H": f"curl -H 'Authorization: Bearer {SECRET}' {URL}",
    "-H a key": f'curl {URL} -H "x-api-key: {SECRET}"',
    "-H a scheme of its own": f"curl {URL} -H 'Authorization: Custom {SECRET}'",
    "-H, joined": f"curl -Hx-api-key:{SECRET} {URL}",
    "-H a signature": f"curl -H 'X-Hub-Signature-256: sha256={SECRET}' {URL}",
    "-H Digest": f'curl -H \'Authorization: Digest username="a", response="{SECRET}"\' {URL}',
    "-H OAuth 1": f'curl -H \'Authorization: OAuth a="b", oauth_token="{SECRET}"\' {URL}',
    "-H a pair": f"curl {URL} -H 'Authorization: Basic {PAIR}'",
    "-H a cookie": f"curl {URL} -H 'Cookie: theme=dark; sid={SECRET}; lang=en'",
    "-u": f"curl -u user:{SECRET} {URL}",
    "-u, joined": f"curl -sSuuser:{SECRET} {URL}",
    "-u, quoted": f"curl -u 'user:{SECRET}' {URL}",
    "--user=": f"curl --user=user:{SECRET} {URL}",
    "--user on a line of its own": f"curl -v \\\n  --user \\\n  'user:{SECRET}' \\\n  {URL}",
    "a token for a user": f"curl -u {SECRET}: {URL}",
    "--proxy-user": f"curl --proxy-user user:{SECRET} {URL}",
    "-U": f"curl -U user:{SECRET} {URL}",
    "--oauth2-bearer": f"curl --oauth2-bearer {SECRET} {URL}",
    "-b": f"curl -b 'theme=dark; sid={SECRET}' {URL}",
    "--cookie": f"curl --cookie sid={SECRET} {URL}",
    "--cert": f"curl --cert cert.pem:{SECRET} {URL}",
    "-E": f"curl -E cert.pem:{SECRET} {URL}",
    "--pass": f"curl --cert cert.pem --pass {SECRET} {URL}",
    "-d a form": f"curl -d 'grant_type=password&password={SECRET}' {URL}",
    "-d an escaped form": f"curl -d 'client_id=a&client_secret={ENCODED}' {URL}",
    "-d JSON": f"curl -d '{json.dumps({'user': 'a', 'password': SECRET})}' {URL}",
    "-d JSON in double quotes": f'curl -d "{{\\"client_secret\\": \\"{SECRET}\\"}}" {URL}',
    "--data-urlencode": f"curl --data-urlencode 'password={SECRET}' {URL}",
    "options in short": f"curl --oauth2-b {SECRET} {URL}",
    "a user in short": f"curl --use me:{SECRET} {URL}",
    "fish": f"set -x API_KEY {SECRET}\ncurl {URL}",
    "words before it": f"# Invalid API key {SECRET}\ncurl {URL}",
    "a body in Base64": f"curl {URL}\n"
    + json.dumps(
        {
            "encoding": "base64",
            "text": base64.b64encode(json.dumps({"access_token": SECRET}).encode()).decode(),
        }
    ),
    "-F": f"curl -F 'token={SECRET}' {URL}",
    "the query": f"curl '{URL}?a=1&access_token={SECRET}'",
    "the query, escaped": f"curl '{URL}?api_key={ENCODED}'",
    "a code": f"curl '{URL}?code={SECRET}&state=1'",
    "user info": f"curl https://user:{ENCODED}@abc123.execute-api.us-east-1.amazonaws.com/prod",
    "a proxy": f"curl -x http://user:{ENCODED}@proxy.example.com:8080 {URL}",
    "awscurl": f"awscurl --access_key AKID --secret_key {SECRET} {URL}",
    "awscurl's session": f"awscurl --session_token {SECRET} {URL}",
    "the environment": f"export API_TOKEN={SECRET}\ncurl -v {URL}",
    "the environment, quoted": f'export CLIENT_SECRET="{SECRET}"\ncurl -v {URL}',
    "httpie": f"http -a user:{SECRET} {URL}",
    "wget": f"wget --http-password={SECRET} {URL}",
    "AWS's variables": f"aws_secret_access_key = {SECRET}\ncurl {URL}",
}
AROUND = {
    "a header, as curl shows it": f"> GET /prod/orders HTTP/1.1\n> x-api-key: {SECRET}\n>",
    "HTTP/2, as curl shows it": f"* [HTTP/2] [1] [authorization: Bearer {SECRET}]",
    "a cookie that was set": f"< HTTP/1.1 200 OK\n< set-cookie: sid={SECRET}; Path=/; Secure",
    "a token that was given": json.dumps({"access_token": SECRET, "token_type": "Bearer"}),
    "a refresh token": json.dumps({"data": {"refreshToken": SECRET}}, indent=1),
    "an id token in Python": f"{{'id_token': '{SECRET}'}}",
    "JSON in a log line": f'12:01 INFO {{"msg": "login", "password": "{SECRET}"}}',
    "JSON in JSON": json.dumps({"body": json.dumps({"client_secret": SECRET})}),
    "JSON in JSON in JSON": json.dumps(json.dumps({"body": json.dumps({"secret": SECRET})})),
    "a log line": f"time=12:01 level=debug token={SECRET} msg=sent",
    "API Gateway's log": f"Method request headers: {{Authorization=Bearer {SECRET}, Host=h}}",
    "STS": json.dumps({"Credentials": {"SecretAccessKey": SECRET, "Expiration": "2026"}}),
    "STS in XML": f"<Credentials><SecretAccessKey>{SECRET}</SecretAccessKey></Credentials>",
    "a form in parts": f'name="password"\r\n\r\n{SECRET}\r\n--boundary',
    "Postman": json.dumps({"header": [{"key": "X-Api-Key", "value": SECRET, "type": "text"}]}),
    "a list of cookies": json.dumps({"cookies": [{"name": "theme", "value": SECRET}]}),
    "Ruby": f'{{"password"=>"{SECRET}"}}',
    "Node": f"headers: {{ 'x-api-key': '{SECRET}' }}",
    "YAML": f"password: {SECRET}",
    "two cookies in one header": f"< set-cookie: a=1; Path=/, sid={SECRET}; Secure",
    "a cookie that curl noted": f'* Added cookie sid="{SECRET}" for domain h, path /, expire 0',
    "Go's headers": f"map[Accept:[*/*] X-Api-Key:[{SECRET}]]",
    "Java's headers": f"{{Authorization=[Bearer {SECRET}], Host=[h]}}",
    "Python's headers": f"{{b'x-api-key': b'{SECRET}'}}",
    "Python's pairs": f"[('x-api-key', '{SECRET}'), ('accept', '*/*')]",
    "Node's raw headers": f"rawHeaders: [ 'x-api-key', '{SECRET}', 'accept', '*/*' ]",
    "requests' auth": f"requests.get(url, auth=('user', '{SECRET}'))",
    "a netrc": f"machine h login user password {SECRET}",
    "Kubernetes": f"- name: API_KEY\n  value: {SECRET}",
    "a table of AWS's": f"|  SecretAccessKey  |  {SECRET}  |",
    "PowerShell": f'Invoke-RestMethod $url -Headers @{{ "x-api-key" = "{SECRET}" }}',
    "a connection string": f"Server=h;User Id=u;Password={SECRET};",
    "Rails": f"user[password]={SECRET}&user[name]=u",
    "a dotted name": f"spring.datasource.password={SECRET}",
    "a Location": f"Location: /cb#access_token={SECRET}&token_type=Bearer",
}


def _is_shown(output: str) -> bool:
    return any(FORMS[form](SECRET).strip('"') in output for form in ("plain", "URL-encoded"))


def explained(texts: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """All that `explain` says of these files, in every format."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    said = []
    for output in ("text", "json", "jsonl"):
        with pytest.raises(SystemExit):
            main(["explain", *(str(folder / name) for name in texts), "--format", output])
        shown = capsys.readouterr()
        said += [shown.out, shown.err]
    return "\n".join(said)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_a_command_sends_is_not_shown_where_it_is_echoed(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained({"paste": f"$ {command}\n{ANSWER}"}, tmp_path, capsys)
    assert "ForbiddenException" in said
    assert not _is_shown(said)


@pytest.mark.parametrize("line", AROUND.values(), ids=AROUND)
def test_what_stands_anywhere_in_a_paste_is_not_shown(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained({"paste": f"{ANSWER}\n\n{line}"}, tmp_path, capsys)
    assert "ForbiddenException" in said
    assert not _is_shown(said)


def test_the_last_of_many_credentials_in_one_value_is_found() -> None:
    inner = "".join(f"token{n}=c4n4ry-{n:04d}&" for n in range(40))
    found = credentials(json.dumps({"secretConfiguration": inner}))
    assert {f"c4n4ry-{n:04d}" for n in range(40)} <= found


def har(**request: object) -> str:
    """A session in which one request shows the secret, and the refusal of another echoes it."""

    def entry(status: int, body: str, **parts: object) -> dict[str, object]:
        return {
            "request": {"method": "POST", "url": URL, "headers": [], **parts},
            "response": {
                "status": status,
                "headers": [{"name": "x-amzn-ErrorType", "value": "ForbiddenException"}],
                "content": {"text": body},
            },
        }

    entries = [entry(200, "{}", **request), entry(403, json.dumps(ERROR))]
    return json.dumps({"log": {"entries": entries}})


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": [{"name": "Authorization", "value": f"Bearer {SECRET}"}]},
        {"headers": [{"value": SECRET, "name": "x-api-key"}]},
        {"headers": [{"name": "Cookie", "value": f"a=b; sid={SECRET}"}]},
        {"cookies": [{"name": "sid", "value": SECRET}]},
        {"headers": [{"name": "Set-Cookie", "value": f"a=1; Path=/\nsid={SECRET}; Path=/"}]},
        {"url": f"{URL}?access_token={ENCODED}"},
        {"queryString": [{"name": "api_key", "value": SECRET}]},
        {"postData": {"params": [{"name": "password", "value": SECRET}]}},
        {"postData": {"text": f"grant_type=x&refresh_token={ENCODED}"}},
        {"postData": {"text": json.dumps({"client_secret": SECRET})}},
    ],
)
def test_another_entrys_credential_is_not_shown(
    request_: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained({"paste": har(**request_)}, tmp_path, capsys)
    assert "ForbiddenException" in said
    assert not _is_shown(said)


def row(**parts: object) -> dict[str, object]:
    response = {"status": 403, "headers": {"x-amzn-errortype": "ForbiddenException"}}
    return {
        "id": f"row {SECRET}",
        "request": {"method": "GET", "url": URL, **parts},
        "response": {**response, "body": json.dumps(ERROR)},
    }


ROWS = {
    "one": json.dumps(row(headers={"Authorization": f"Bearer {SECRET}"})),
    "a list of values": json.dumps(row(headers={"x-api-key": [SECRET]})),
    "lines": f"{json.dumps(row())}\n{json.dumps(row(url=f'{URL}?token={ENCODED}'))}",
    "a group": json.dumps({"exchanges": [row(), row(headers={"cookie": f"sid={SECRET}"})]}),
    "a line that cannot be read": f'{json.dumps(row())}\n{{"token": "{SECRET}", "x": ',
    "a value that is no exchange": f"{json.dumps(row())}\n{json.dumps({'password': SECRET})}",
}


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS)
def test_what_one_exchange_shows_is_not_shown_of_another(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained({"paste": text}, tmp_path, capsys)
    assert "ForbiddenException" in said
    assert not _is_shown(said)


def test_files_that_are_explained_together_are_one_paste(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(
        {"answer": ANSWER, "command": COMMANDS["-u"] + "\n" + ANSWER}, tmp_path, capsys
    )
    assert "ForbiddenException" in said
    assert not _is_shown(said)


@pytest.mark.parametrize("form", FORMS)
def test_a_credential_of_a_paste_is_known_in_every_form(form: str) -> None:
    echo = FORMS[form](SECRET).strip('"')
    if form.startswith(("all but", "bearer", "basic")):
        return
    text = f"$ curl -u user:{SECRET} {URL}\nHTTP/1.1 403 Forbidden\nx-echo: {echo!r}\n\n{{}}"
    [transcript] = read_transcript(text).transcripts
    assert echo.rstrip("=") not in repr(transcript)


@pytest.mark.parametrize(
    "text",
    [
        '{"message":"Missing Authentication Token"}',
        '{"Message":"Invalid key=value pair (missing equal-sign) in Authorization header"}',
        "Error Code: InvalidClientTokenId; state: failed",
        '{"request": {"method": "GET", "credential": "api_key"}}',
        '{"credentials": [{"kind": "client_cert", "validity": "unknown"}]}',
        "access-control-allow-headers: Authorization,X-Api-Key,X-Amz-Security-Token",
        'www-authenticate: Bearer realm="orders", error="invalid_token"',
        '{"token_type": "Bearer", "tokenUse": "access", "session": "closed"}',
        '{"token_endpoint": "https://auth.example.com/token", "secretArn": "arn:aws:x:y"}',
        "curl -H 'Authorization: Bearer $TOKEN' -u \"$USER:${PASSWORD}\" https://h/",
        "curl -H 'x-api-key: <your key>' -H 'Authorization: Bearer ********' https://h/",
        "token: expired",
        "the signature: InvalidSignatureException",
        "('Authorization', 'X-Api-Key'), ['x-api-key', 'content-type']",
        "set-cookie: <redacted>; Expires=Thu, 01 Jan 2026 00:00:00 GMT",
        '{"code": "AccessDenied", "key": "orders/1.json"}',
    ],
)
def test_what_is_no_credential_is_not_taken_for_one(text: str) -> None:
    assert credentials(text) == frozenset()


def test_a_credential_that_is_a_word_of_aws_does_not_hide_what_it_says() -> None:
    text = f"$ curl -u user:Forbidden -H 'x-api-key: Authorization' {URL}\n{ANSWER}"
    [transcript] = read_transcript(text).transcripts
    [exchange] = transcript.exchanges
    assert "Forbidden: " in str(exchange.response.body)
    assert exchange.response.headers["x-amzn-ErrorType"] == "ForbiddenException"


@pytest.mark.parametrize(
    "text",
    [
        "token=" * 40_000,
        'password":"' * 25_000,
        "-u a:" * 50_000,
        "//" * 120_000,
        "//a@" * 60_000,
        '"name":"token","value":"' * 10_000,
        '"cookies":[{' * 20_000,
        "<token>" * 35_000,
        "bearer " * 35_000,
        "a" * 250_000,
        "\\" * 250_000,
        "cookie: " * 30_000,
        "cookie: a=b;" + "token=a;" * 7 * 4_000 + "cookie: c=d;" * 4_000,
        ("cookie: a=b;" + "token=a;" * 7) * 3_500,
        'name="a"\r\n' * 20_000,
        "".join(f"token={n:06d}abc&" for n in range(14_000)),
        "-----BEGIN PRIVATE KEY-----" * 9_000,
        "curl " + "-" * 240_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_paste_takes_long(text: str) -> None:
    started = time.process_time()
    credentials(f"curl {text}")
    assert time.process_time() - started < 5
