"""What a person is told when AWS refuses a command: which action, on what, or which login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from botocore import exceptions

from gatewatch.adapters.aws import client
from gatewatch.adapters.aws.refusal import explained
from gatewatch.cli.main import main
from gatewatch.ports import SecretError
from tests.cli.test_on_call import stack_of
from tests.deployed import table

STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/Gatewatch/*"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/Gatewatch-State-1A2B"
EXPIRED = "The security token included in the request is expired"
UNKNOWN = "The security token included in the request is invalid."


def denied(action: str, resource: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
    return (
        f"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action"
    )


def xml(code: str, message: str) -> tuple[int, bytes]:
    """An error of the query protocol, which CloudFormation speaks."""
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
    return 403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode()


def as_json(code: str, message: str) -> tuple[int, bytes]:
    """An error of the JSON protocol, which DynamoDB speaks."""
    kind = f"com.amazon.coral.service#{code}"
    return 400, f'{{"__type":"{kind}","message":"{message}"}}'.encode()


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, tuple[int, bytes]], None]]:
    """Lets one service of AWS answer everything with one error."""
    answer = (500, b"")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()

    def refuse(service: str, told: tuple[int, bytes]) -> None:
        nonlocal answer
        answer = told
        place = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", place)
        client._client.cache_clear()

    yield refuse
    server.shutdown()
    server.server_close()
    client._client.cache_clear()


def said(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 3
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            xml("AccessDenied", denied("cloudformation:DescribeStacks", STACK)),
            f"you lack the permission cloudformation:DescribeStacks on {STACK}",
        ),
        (xml("AccessDenied", "in other words"), "you lack a permission for DescribeStacks"),
        (xml("ExpiredToken", EXPIRED), "the AWS credentials have expired: log in again"),
        (
            xml("InvalidClientTokenId", UNKNOWN),
            "AWS does not know these credentials (InvalidClientTokenId)",
        ),
        (xml("Throttling", "Rate exceeded"), "Throttling"),
    ],
)
@pytest.mark.parametrize("command", [["incidents"], ["ack", "01M80Y0GD6"], ["pull"]])
def test_a_refusal_of_the_stack(
    aws: None,
    refusing: Callable[[str, tuple[int, bytes]], None],
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    told: tuple[int, bytes],
    wanted: str,
) -> None:
    refusing("cloudformation", told)
    found = said(*command, "--stack", "Gatewatch", capsys=capsys)
    assert found == f"gatewatch: stack Gatewatch: {wanted}\n"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            as_json("AccessDeniedException", denied("dynamodb:Query", TABLE)),
            f"you lack the permission dynamodb:Query on {TABLE}",
        ),
        (
            as_json("ExpiredTokenException", EXPIRED),
            "the AWS credentials have expired: log in again",
        ),
        (as_json("ResourceNotFoundException", "no table"), "ResourceNotFoundException"),
    ],
)
@pytest.mark.parametrize("command", [["incidents"], ["ack", "01M80Y0GD6"]])
def test_a_refusal_of_the_table(
    aws: None,
    refusing: Callable[[str, tuple[int, bytes]], None],
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    told: tuple[int, bytes],
    wanted: str,
) -> None:
    stack = stack_of(table())
    refusing("dynamodb", told)
    assert (
        said(*command, "--stack", stack, capsys=capsys) == f"gatewatch: stack {stack}: {wanted}\n"
    )


@pytest.mark.parametrize("name", ["SSOTokenLoadError", "LoginRefreshRequired"])
def test_a_login_that_is_over_is_said(name: str) -> None:

    error = getattr(exceptions, name)
    with (
        pytest.raises(SecretError, match="stack x: the AWS login has expired"),
        explained("stack x"),
    ):
        raise error(error_msg="gone", profile_name="x")
