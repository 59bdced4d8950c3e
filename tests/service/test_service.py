"""The deployed service as a whole: nothing is lost, and nothing is said twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from msgspec.structs import replace

from gatewatch.adapters.aws.sqs import SqsQueue
from gatewatch.adapters.secrets import read_in_account
from gatewatch.config.author import load
from gatewatch.config.canonical import SecretRef, SecretSource
from gatewatch.notices.notice import Notice
from gatewatch.ports import SecretError
from gatewatch.service import incidents as writing
from gatewatch.service import probe as probing
from gatewatch.service.dispatch import dispatch
from gatewatch.service.ports import UndeliveredError
from gatewatch.service.published import RejectedError
from handlers import incidents as writers
from handlers import probe as probes
from handlers import wiring
from tests.deployed import CONFIG, START, Account, Context

OPENED = ("opened", "route_not_found")


def test_a_healthy_api_is_no_news(account: Account) -> None:
    account.minutes(2)
    assert account.messages() == []
    assert account.table.records()["orders"].news == 0


def test_a_healthy_hour_of_ten_routes_is_few_writes(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "".join(f"      - GET /many/{n}: {{access: public}}\n" for n in range(7))
    account.publish(CONFIG % {"place": account.gateway.place} + more)
    for _ in range(36):  # three hours, of which the minutes matter in which strangers look
        account._minute += 4
        account.minutes()
    written: list[str] = []
    call = BaseClient._make_api_call

    def counting(client: BaseClient, operation: str, given: dict[str, Any]) -> Any:
        if operation in ("UpdateItem", "PutItem", "DeleteItem"):
            written.append(given.get("Key", given.get("Item"))["sk"]["S"])
        return call(client, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", counting)
    account.minutes(60)
    ticks = [one for one in written if one == "tick"]
    slices = [one for one in written if one != "tick"]
    assert len(ticks) == 60
    assert set(slices) == {"state#2-0", "state#2-1"}
    assert len(slices) <= 6, "of 120, were each slice written each minute"
    assert account.messages() == []


def test_the_owners_contact_travels_to_the_probe(account: Account) -> None:
    account.publish(CONFIG % {"place": account.gateway.place} + "contact: api-watch@example.com\n")
    account.minutes()
    assert all("(+api-watch@example.com; " in one for one in account.gateway.agents)
    assert account.gateway.agents


def test_a_route_that_breaks_is_told_once_and_once_that_it_is_mended(account: Account) -> None:
    account.minutes(2)
    account.gateway.broken.add("/items")
    account.minutes(1)
    assert account.said() == []
    account.minutes(1)
    [opened] = account.messages()
    assert opened["kind"] == "opened"
    assert opened["incident"]["candidates"][0] == {"cause": "route_not_found", "layer": "routing"}
    assert opened["incident"]["team"] == "team-orders"
    account.minutes(3)
    assert account.said() == []
    account.gateway.broken.clear()
    account.minutes(2)
    [resolved] = account.messages()
    assert resolved["kind"] == "resolved"
    assert resolved["incident"]["id"] == opened["incident"]["id"]
    account.minutes(2)
    assert account.said() == []
    assert account.table.records()["orders"].news == 0


def test_a_protected_route_that_lets_a_stranger_in_is_told_at_once(account: Account) -> None:
    account.minutes(5)
    account.gateway.open.add("/orders")
    account.minutes(5)
    [exposed] = account.messages()
    assert exposed["incident"]["finding"] == "protected_route_open"
    assert exposed["incident"]["evidence"] == []


def test_a_probe_that_dies_after_it_kept_the_states_loses_no_news(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(1)
    account.dispatch()
    with monkeypatch.context() as patch:
        patch.setattr(probing, "_call", _dies)
        assert account.drain(account.work, probes.handler) == 1
    account.drain(account.changes, writers.handler)
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["opened"]


def test_a_shard_that_is_brought_twice_counts_once(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.dispatch()
    [message] = boto3.client("sqs").receive_message(QueueUrl=account.work)["Messages"]
    record = {"messageId": "1", "body": message["Body"], "attributes": {"MessageGroupId": "a"}}
    for _ in range(3):
        assert probes.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    [state] = [
        state
        for one in account.table.all("orders")
        for state in one.states
        if state.route == "GET /items"
    ]
    assert (state.fails, state.is_failing) == (1, False)


def test_a_writer_that_dies_before_it_sent_is_made_up_for(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(1)
    account.dispatch()
    account.drain(account.work, probes.handler)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_deliver", _dies)
        assert account.drain(account.changes, writers.handler) > 0
    assert account.said() == []
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["opened"]
    account.minutes(2)
    assert account.said() == []


def test_a_call_that_is_lost_is_made_up_for_by_the_sweep(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.minutes(1)
    account.dispatch()
    account.drain(account.work, probes.handler)
    account.drain(account.changes, lambda *_: {"batchItemFailures": []})
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["opened"]


def test_writers_are_called_though_no_look_can_be_dealt_out(
    account: Account,
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(1)
    account.dispatch()
    account.drain(account.work, probes.handler)
    account.drain(account.changes, lambda *_: {"batchItemFailures": []})
    gone, later = SqsQueue(account.work + "-gone"), START + timedelta(minutes=3)
    with pytest.raises(ClientError):
        dispatch(later, wiring.source(), wiring.table(), gone, wiring.changes())
    account.drain(account.changes, writers.handler)
    assert [kind for kind, _ in account.said()] == ["opened"]


def test_a_channel_that_refuses_gets_its_message_when_it_takes_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.gateway.broken.add("/items")
    topic = wiring.topics()._topic
    with monkeypatch.context() as patch:
        patch.setattr(wiring.topics(), "_topic", topic + "-gone")
        account.minutes(3)
    assert account.said() == []
    assert '"NoticesUndelivered":[0.0,1.0]' in capsys.readouterr().out
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["opened"]
    account.minutes(1)
    assert account.said() == []


def test_a_route_that_leaves_the_configuration_ends_its_incident(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.minutes(2)
    account.messages()
    without = CONFIG.replace("      - GET /items: {access: public}\n", "")
    account.publish(without % {"place": account.gateway.place})
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["resolved"]
    routes = {state.route for one in account.table.all("orders") for state in one.states}
    assert routes == {"GET /health", "GET /orders"}


def test_a_route_that_comes_back_is_told_anew(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.minutes(2)
    whole = CONFIG % {"place": account.gateway.place}
    account.publish(whole.replace("      - GET /items: {access: public}\n", ""))
    account.minutes(1)
    account.messages()
    account.publish(whole)
    account.minutes(2)
    assert [kind for kind, _ in account.said()] == ["opened"]


def test_an_incident_that_nobody_takes_over_is_told_again(account: Account) -> None:
    often = (CONFIG % {"place": account.gateway.place}).replace(
        "owner:", "remind_every: 5m\n    owner:"
    )
    account.publish(often)
    account.gateway.broken.add("/items")
    account.minutes(6)
    assert [kind for kind, _ in account.said()] == ["opened"]
    account.minutes(1)
    [reminder] = account.messages()
    assert reminder["kind"] == "reminder"
    account.minutes(4)
    assert account.said() == []
    account.minutes(1)
    [again] = account.messages()
    assert again["incident"]["id"] == reminder["incident"]["id"]
    assert again["message_id"] != reminder["message_id"]


def test_an_api_that_leaves_the_configuration_is_forgotten(account: Account) -> None:
    account.gateway.broken.add("/items")
    account.minutes(2)
    account.messages()
    whole = CONFIG % {"place": account.gateway.place}
    account.publish(whole.replace("  orders:", "  others:"))
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["resolved"]
    assert "orders" not in account.table.records()


def test_what_an_api_left_behind_is_told_when_the_channel_takes_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(2)
    account.messages()
    account.gateway.broken.clear()
    whole = CONFIG % {"place": account.gateway.place}
    account.publish(whole.replace("  orders:", "  others:"))
    with monkeypatch.context() as patch:
        patch.setattr(wiring.topics(), "_topic", account.topic + "-gone")
        account.minutes(1)
    assert "orders" in account.table.records()
    account.minutes(1)
    [resolved] = account.messages()
    assert (resolved["kind"], resolved["incident"]["api"]) == ("resolved", "orders")
    account.minutes(2)
    assert "orders" not in account.table.records()
    assert account.messages() == []


def test_a_route_that_fails_is_told_however_often_its_api_grew_and_shrank(
    account: Account,
) -> None:
    small = CONFIG % {"place": account.gateway.place}
    more = "".join(f"      - GET /many/{n}: {{access: public}}\n" for n in range(20))
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert [kind for kind, _ in account.said()] == ["opened"]
    account.publish(small + more)
    account.minutes(1)
    account.gateway.broken.clear()
    account.minutes(2)
    assert [kind for kind, _ in account.said()] == ["resolved"]
    account.publish(small)
    account.minutes(1)
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert [kind for kind, _ in account.said()] == ["opened"]


def test_no_channel_hears_of_an_end_before_the_beginning(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.gateway.broken.add("/items")
    publish, refused = wiring.publisher().publish, 1

    def reluctant(notice: Notice) -> None:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise UndeliveredError("not now")
        publish(notice)

    account.minutes(1)
    account.dispatch()
    account.drain(account.work, probes.handler)
    account.gateway.broken.clear()
    account.drain(account.changes, lambda *_: {"batchItemFailures": []})
    for _ in range(2):
        account.dispatch()
        account.drain(account.work, probes.handler)
    monkeypatch.setattr(wiring.publisher(), "publish", reluctant)
    account.drain(account.changes, writers.handler)
    account.minutes(1)
    assert [kind for kind, _ in account.said()] == ["opened", "resolved"]


def test_a_probe_reads_nothing_of_its_own_environment() -> None:
    with pytest.raises(SecretError, match="only secrets and parameters"):
        read_in_account(SecretRef(source=SecretSource.ENV, name="PATH"))


def test_a_configuration_that_asks_for_more_is_refused_and_the_last_one_holds(
    account: Account, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    account.minutes(1)
    whole = CONFIG % {"place": account.gateway.place}
    account.publish(whole.replace("gatewatch/partner", "payroll/root"))
    account.cool_down()
    assert account.dispatch()["due"] == 3
    assert '"ConfigRejected":[1.0]' in capsys.readouterr().out
    [logged] = [one for one in caplog.records if one.message == "config_rejected"]
    assert logged.problems == (  # type: ignore[attr-defined]
        "credential partner reads secret payroll/root: needs cdk deploy",
    )


def test_a_credential_is_not_sent_where_the_stack_was_not_deployed_for(account: Account) -> None:
    account.minutes(1)
    other = load((CONFIG % {"place": "127.0.0.2:9"}), "test")
    account.publish_config(other)
    assert account.dispatch()["due"] == 3
    account.drain(account.work, probes.handler)
    assert account.gateway.asked


def test_an_address_that_the_deployment_does_not_name_is_not_connected_to(
    account: Account,
) -> None:
    account.allowed = replace(account.allowed, networks=())
    account.deploy()
    account.minutes(1)
    assert account.gateway.asked == []
    states = [state for one in account.table.all("orders") for state in one.states]
    assert {state.unknowns for state in states} == {1}


def test_a_poisoned_message_stops_no_other(account: Account) -> None:
    account.dispatch()
    boto3.client("sqs").send_message(
        QueueUrl=account.work,
        MessageBody="{}",
        MessageGroupId="poison",
        MessageDeduplicationId="poison",
    )
    assert account.drain(account.work, probes.handler) == 1
    assert account.gateway.asked


def test_what_is_metered_of_a_healthy_run_has_one_dimension(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.minutes(1)
    said = capsys.readouterr().out
    assert '"RoutesDue":[3.0]' in said
    assert '"RoutesJudged":[3.0]' in said
    assert '"route"' not in said.replace('"route":"', "")
    assert '"Dimensions":[["deployment","api"' not in said


def test_a_failing_route_is_metered_until_ten_minutes_after_it_is_mended(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.gateway.broken.add("/items")
    account.minutes(2)
    assert '"RoutingFailures":[1.0]' in _metered(capsys, "GET /items")
    account.gateway.broken.clear()
    account.minutes(2)
    assert '"RoutingFailures":[0.0]' in _metered(capsys, "GET /items")
    account.minutes(9)
    assert '"RoutingFailures":[0.0]' in _metered(capsys, "GET /items")
    account.minutes(1)
    assert _metered(capsys, "GET /items") == ""


def _metered(capsys: pytest.CaptureFixture[str], route: str) -> str:
    lines = capsys.readouterr().out.splitlines()
    return "".join(one for one in lines if f'"route":"{route}"' in one and "_aws" in one)


def _dies(*_: object) -> None:
    raise UndeliveredError("the process died here")


def test_where_nothing_holds_both_alarms_are_heard(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pointer to nothing, and no version that was ever good."""
    account.objects.write("config/current.json", b"{}")
    with pytest.raises(RejectedError):
        account.dispatch()
    assert '"ConfigRejected":[1.0]' in capsys.readouterr().out


def test_a_table_that_takes_no_write_stops_no_look(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What dispatch notes for people comes after the looks are on their way."""
    account.minutes(2)
    call = BaseClient._make_api_call

    def throttled(client: Any, operation: str, *arguments: Any) -> Any:
        if operation == "PutItem":
            refusal = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
            raise ClientError(refusal, operation)
        return call(client, operation, *arguments)

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", throttled)
        done = account.dispatch()
    assert (done["due"], done["shards"]) == (3, 1)
    assert '"RoutesDue":[3.0]' in capsys.readouterr().out
    assert account.drain(account.work, probes.handler) == 0
