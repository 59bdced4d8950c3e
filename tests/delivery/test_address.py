"""Where a message goes, if its address is a secret: to the hosts of its hook, over https."""

from __future__ import annotations

import pytest

from gatewatch.config.canonical import Hook, HookKind
from gatewatch.delivery.post import MisledError, address
from tests.receivers import URL_REF

HOOK = Hook(kind=HookKind.SLACK, url=URL_REF, hosts=("hooks.slack.com:443",))


@pytest.mark.parametrize(
    ("stored", "url"),
    [
        pytest.param("https://hooks.slack.com/services/T/B/x", None, id="as it is"),
        pytest.param(" https://hooks.slack.com/x\n", "https://hooks.slack.com/x", id="line end"),
        pytest.param("HTTPS://Hooks.Slack.com/x", "https://hooks.slack.com/x", id="upper case"),
        pytest.param("https://hooks.slack.com:443/x", None, id="its port"),
        pytest.param(
            "https://hooks.slack.com/x\r\nHost: evil.example",
            "https://hooks.slack.com/x%0D%0AHost:%20evil.example",
            id="a header within",
        ),
        pytest.param("https://hooks.slack.com/x?sp=%2Frun&sig=a-b_c", None, id="query"),
    ],
)
def test_an_address_of_the_hook_is_taken(stored: str, url: str | None) -> None:
    assert address(HOOK, lambda _: stored) == (url or stored)


@pytest.mark.parametrize(
    "stored",
    [
        "https://evil.example/x",
        "http://hooks.slack.com/x",
        "http://hooks.slack.com:443/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@evil.example/x",
        "https://user:pass@hooks.slack.com/x",
        "https://evil.example\\@hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com/../x",
        "ftp://hooks.slack.com:443/x",
        "//hooks.slack.com/x",
        "hooks.slack.com/x",
        "https://[::1/x",
        "https://hooks.slack.com:port/x",
        "",
    ],
)
def test_any_other_gets_nothing_and_is_not_repeated(stored: str) -> None:
    with pytest.raises(MisledError) as found:
        address(HOOK, lambda _: stored)
    assert str(found.value) == "its address is no https URL at hooks.slack.com:443"
