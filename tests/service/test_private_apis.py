"""Private APIs in the account: the twin alone looks at them, and gets to their addresses."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import pytest
import trustme

from gatewatch.adapters.local.authority import authorities
from gatewatch.cli.main import main
from gatewatch.config.author import load
from gatewatch.config.canonical import Network
from gatewatch.config.lookups import Lookups
from gatewatch.service.dispatch import NoTwinError, dispatch
from gatewatch.service.published import Allowed, Granted, Twin, fingerprint, needs_deployment
from gatewatch.service.shards import Shard
from handlers import probe as probes
from handlers import wiring
from tests.deployed import PARTNER, START, Account, Gateway

HERE = Network(
    subnets=("subnet-0a1b2c3d",), security_groups=("sg-0a1b2c3d",), ranges=("127.0.0.0/8",)
)
TEXT = """
credentials:
  partner: {api_key: {secret: gatewatch/partner}}
apis:
  outer:
    url: http://%(outer)s/prod
    routes: [GET /health: public]
  inner:
    url: http://%(inner)s/prod
    private: true
    routes: [GET /orders: {access: protected, guarded_by: api_key, as: [partner]}]
network: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ranges: [10.0.0.0/16]}
"""


class Place(Account):
    """A deployment with a twin, and an API on either side. Both are on this machine, which stands
    for the VPC: only the twin may connect to it."""

    def __init__(self, outer: Gateway, inner: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(outer, monkeypatch)
        self.inner = inner
        config = load(TEXT % {"outer": outer.place, "inner": inner.place}, "test")
        twin = Twin(
            network=HERE,
            hosts=(inner.place,),
            secrets=("gatewatch/partner",),
            credentials={"partner": (inner.place,)},
            sources={"partner": PARTNER},
        )
        self.allowed = Allowed(twin=twin)
        self.deploy()
        self.publish_config(msgspec.structs.replace(config, network=HERE))


@pytest.fixture
def place(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(wiring, "CLOCK", type(wiring.CLOCK)())
    monkeypatch.setattr(probes, "CLOCK", wiring.CLOCK)
    outer, inner = Gateway(), Gateway()
    yield Place(outer, inner, monkeypatch)
    outer.close()
    inner.close()


def _waiting(url: str) -> list[Shard]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [msgspec.json.decode(one["Body"], type=Shard) for one in found.get("Messages", [])]


def test_each_probe_gets_the_shards_of_its_own_apis(place: Place) -> None:
    place.dispatch()
    [public], [private] = _waiting(place.work), _waiting(place.twins_work)
    assert [one.name for one in public.apis] == ["outer"]
    assert [one.name for one in private.apis] == ["inner"]
    assert (public.networks, private.networks) == ((), ("127.0.0.0/8",))
    assert (public.credentials, [one.name for one in private.credentials]) == ((), ["partner"])


def test_a_private_api_that_breaks_is_told_as_any_other(place: Place) -> None:
    place.minutes(1)
    assert "/prod/orders" in place.inner.asked
    place.inner.broken.add("/orders")
    place.minutes(2)
    assert [kind for kind, _ in place.said()] == ["opened"]


def test_only_the_twin_gets_to_a_private_address(place: Place) -> None:
    place.minutes(1)
    assert place.gateway.asked == []
    [state] = [state for one in place.table.all("outer") for state in one.states]
    assert state.unknowns == 1


def test_the_twin_gets_to_no_address_outside_the_deployed_ranges(place: Place) -> None:
    assert place.allowed.twin is not None
    network = msgspec.structs.replace(HERE, ranges=("10.0.0.0/16",))
    twin = msgspec.structs.replace(place.allowed.twin, network=network)
    place.allowed = msgspec.structs.replace(place.allowed, twin=twin)
    place.deploy()
    config = load(TEXT % {"outer": place.gateway.place, "inner": place.inner.place}, "test")
    place.publish_config(msgspec.structs.replace(config, network=network))
    place.minutes(1)
    assert place.inner.asked == []


def test_without_a_twin_all_else_goes_on_and_it_is_an_error(place: Place) -> None:
    with pytest.raises(NoTwinError):
        dispatch(START, wiring.source(), wiring.table(), wiring.shards(), wiring.changes())
    assert [one.name for shard in _waiting(place.work) for one in shard.apis] == ["outer"]


def test_a_private_api_with_a_private_authority(place: Place, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    gateway = Gateway(context)
    text = (
        f"apis:\n  inner:\n    url: https://{gateway.place}/prod\n    private: true\n"
        "    ca_file: ca.pem\n    routes: [GET /health: public]\n"
    )
    config = load(text, "test", Lookups(ca_file=authorities(tmp_path)))
    pem = authority.cert_pem.bytes().decode()
    twin = Twin(network=HERE, hosts=(gateway.place,), authorities=(fingerprint(pem),))
    place.allowed = Allowed(twin=twin)
    place.deploy()
    place.publish_config(msgspec.structs.replace(config, network=HERE))
    place.minutes(1)
    gateway.close()
    assert gateway.asked == ["/prod/health"]
    [state] = [state for one in place.table.all("inner") for state in one.states]
    assert (state.unknowns, state.fails) == (0, 0)


DEPLOYED = load(TEXT % {"outer": "127.0.0.1:1", "inner": "127.0.0.1:2"}, "test")
GRANTED = Granted(
    secrets=("gatewatch/partner",),
    credentials={"partner": ("127.0.0.1:2",)},
    sources={"partner": PARTNER},
)
ALLOWED = Allowed(
    twin=Twin(
        secrets=GRANTED.secrets,
        credentials=GRANTED.credentials,
        sources=GRANTED.sources,
        network=DEPLOYED.network or HERE,
        hosts=("127.0.0.1:2",),
    )
)


def _refused(text: str, allowed: Allowed = ALLOWED) -> list[str]:
    config = load(text % {"outer": "127.0.0.1:1", "inner": "127.0.0.1:2"}, "test")
    return list(needs_deployment(config, allowed))


def test_what_was_deployed_is_in_order() -> None:
    assert _refused(TEXT) == []
    assert _refused(TEXT.replace("GET /health", "GET /other")) == []


def test_a_newly_private_api_needs_a_deployment_where_there_is_no_twin() -> None:
    assert _refused(TEXT, Allowed()) == ["api inner is private: needs cdk deploy"]


@pytest.mark.parametrize(
    "change",
    [("10.0.0.0/16", "10.0.0.0/8"), ("subnet-0a1b2c3d", "subnet-0e1f2a3b"), ("[sg-0a", "[sg-1a")],
)
def test_another_network_needs_a_deployment(change: tuple[str, str]) -> None:
    told = "network is not the one that was deployed: needs cdk deploy"
    assert _refused(TEXT.replace(*change)) == [told]


def test_another_place_in_the_vpc_needs_a_deployment() -> None:
    """A stranger's request may do there what it should not."""
    found = _refused(TEXT.replace("%(inner)s", "127.0.0.1:3"))
    assert "127.0.0.1:3 would be called inside the VPC: needs cdk deploy" in found


def test_the_same_network_in_another_order_is_the_same() -> None:
    text = TEXT % {"outer": "127.0.0.1:1", "inner": "127.0.0.1:2"}
    two = text.replace("[subnet-0a1b2c3d]", "[subnet-0e1f2a3b, subnet-0a1b2c3d]")
    turned = text.replace("[subnet-0a1b2c3d]", "[subnet-0a1b2c3d, subnet-0e1f2a3b]")
    assert load(two, "a").network == load(turned, "b").network


def test_a_credential_of_the_twins_is_not_the_other_probes() -> None:
    outer = "GET /health: {access: protected, as: [partner]}"
    [told] = [one for one in _refused(TEXT.replace("GET /health: public", outer)) if "new" in one]
    assert told == "credential partner is new: needs cdk deploy"


def test_a_credential_of_the_other_probes_is_not_the_twins() -> None:
    allowed = Allowed(
        secrets=GRANTED.secrets,
        credentials=GRANTED.credentials,
        twin=Twin(network=DEPLOYED.network or HERE, hosts=("127.0.0.1:2",)),
    )
    told = "credential partner is new to private APIs: needs cdk deploy"
    assert _refused(TEXT, allowed) == [told]


def test_from_the_command_line_a_private_api_is_looked_at_as_any_other(tmp_path: Path) -> None:
    """Without a network, too: nothing of it is needed here."""
    gateway = Gateway()
    file = tmp_path / "gatewatch.yaml"
    file.write_text(
        f"apis:\n  inner:\n    url: http://{gateway.place}/prod\n    private: true\n"
        "    routes: [GET /health: public]\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["run", "--config", str(file), "--format", "json"])
    gateway.close()
    assert ended.value.code in (0, None)
    assert gateway.asked == ["/prod/health"]
    assert json.loads(msgspec.json.encode(load(file.read_text(), "f")))["apis"][0]["private"]
