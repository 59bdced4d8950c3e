"""AWS on this machine, for the tests that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from moto.server import ThreadedMotoServer

from handlers import probe, wiring
from tests.deployed import Account, Gateway

OWN_KEY_ID = "AKIAIOSFODNN7EXAMPLE"

# A busy machine must not fail a property, and the gate says the same twice. `make hunt` draws
# new examples each time, and more of them; what it finds becomes an @example.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("hunt", deadline=None, max_examples=1000)
settings.load_profile("gate")


# Of these `make check` does without: an emulated account, another process, every fault or a whole
# night, or waiting for what never answers. What they walk through is tested by itself besides.
SLOW = (
    "adapters/",
    "attack/",
    "cli/test_account_command.py",
    "cli/test_cli.py",
    "cli/test_completion.py",
    "cli/test_notify.py",
    "cli/test_on_call.py",
    "cli/test_sandbox_command.py",
    "config/test_url_parameters.py",
    "config/test_windows.py",
    "diagnosis/test_accuracy.py",
    "incidents/test_leaders.py",
    "incidents/test_maintenance.py",
    "incidents/test_nights.py",
    "judgement/test_unreadable.py",
    "looking/test_as_browser.py",
    "notices/test_commands.py",
    "probe/test_aws_identities.py",
    "probe/test_client_certificates.py",
    "probe/test_prober.py",
    "probe/test_rotation.py",
    "probe/test_token_life.py",
    "redaction/test_fetched_secrets.py",
    "redaction/test_redaction.py::test_no_text_takes_long",
    "redaction/test_redaction.py::test_wherever_a_form_is_cut_little_of_it_stays",
    "redaction/test_secrets.py",
    "release/test_runs.py",
    "sandbox/test_conformance.py",
    "sandbox/test_faults.py",
    "service/test_deliveries.py",
    "service/test_handlers.py",
    "service/test_heartbeat.py",
    "service/releases/test_hook.py",
    "service/test_private_apis.py",
    "service/test_rollback.py",
    "service/test_service.py",
    "service/test_unreadable_in_account.py",
    "service/releases/test_verify_private.py",
    "test_action.py",
    "test_both_worlds.py",
    "test_walks.py",
    "transcripts/test_bounds.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = tuple(f"tests/{one}" for one in SLOW)
    for item in items:
        if item.nodeid.startswith(slow):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever boto3 does goes to this machine, as a user of an emulated account."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": OWN_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": "own-secret-access-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def account(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The deployed service over an API on this machine."""
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probe, "CLOCK", wiring.CLOCK)
    gateway = Gateway()
    yield Account(gateway, monkeypatch)
    gateway.close()
