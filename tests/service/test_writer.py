"""One call of an API's writer, with the service's ports in memory."""

from __future__ import annotations

from bench.scale.memory import CountingTable

from gatewatch.incidents.track import Patience
from gatewatch.model import Outcome
from gatewatch.notices.notice import Notice
from gatewatch.service.incidents import handle_wake_up
from gatewatch.service.ledger import WriterContext
from gatewatch.service.state_slices import Slice, advance
from gatewatch.service.wake_up import WakeUp
from tests.builders import verdict
from tests.deployed import tick

PATIENT = {"GET /x": Patience(1, 1)}


class Published:
    """A channel that takes everything."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def publish(self, notice: Notice) -> None:
        self.kinds.append(notice.kind)


def called(table: CountingTable, *outcomes: Outcome) -> list[str]:
    """What is told when the writer is called once after these looks."""
    one = Slice(api="orders", name="1-0")
    for minute, outcome in enumerate(outcomes, start=1):
        one = advance(one, [verdict(outcome)], PATIENT, tick(minute))
    table.save(one)
    table.add_news("orders")
    channel, at = Published(), tick(len(outcomes))
    call = WakeUp(api="orders", at=at, about=WriterContext(), news={"1-0": one.news[-1].number})
    handle_wake_up(call, table, channel, lambda _, __: None)
    return channel.kinds


def test_while_an_incident_is_open_its_api_is_swept() -> None:
    table = CountingTable()
    assert called(table, Outcome.PASS, Outcome.FAIL) == ["opened"]
    assert table.news("orders") > 0


def test_an_api_whose_story_began_and_ended_in_one_call_is_left_in_peace() -> None:
    """Else each sweep would call its writer again, for ever."""
    table = CountingTable()
    assert called(table, Outcome.FAIL, Outcome.PASS) == ["opened", "resolved"]
    assert table.news("orders") == 0


def test_news_that_came_while_the_writer_was_at_work_is_swept_for() -> None:
    class Meanwhile(CountingTable):
        def set_heard(self, one: Slice, number: int) -> None:
            super().set_heard(one, number)
            self.add_news(one.api)

    table = Meanwhile()
    assert called(table, Outcome.FAIL, Outcome.PASS) == ["opened", "resolved"]
    assert table.news("orders") > 0
