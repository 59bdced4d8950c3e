"""The service itself is in trouble: nothing is lost, nothing is said twice, and its own alarm
rings."""

from __future__ import annotations

from e2e.account import Inbox, client, until
from e2e.configured import CHANNEL, ROUTES
from e2e.scene import (
    AUTH,
    CHANGES_DEAD,
    NO_TICK,
    NOBODY,
    NOT_JUDGED,
    OTHER,
    SHARDS_DEAD,
    UNDELIVERED,
    UNREADABLE,
    Scene,
    Story,
)

RETRY_SECONDS = 8
_ASKED_AT = 7
_SECRET = Story("credential_unreadable", "GET /stock")
_ORDERS = Story("auth", "GET /orders")


def open_channel() -> Inbox:
    """Empty."""
    client("sns").create_topic(Name=CHANNEL.rpartition(":")[2])
    inbox = Inbox("second", CHANNEL)
    inbox.messages()
    return inbox


def probe_dies(scene: Scene) -> None:
    """In the middle of a shard; another process takes it up."""
    scene.forget_alarms()
    scene.world.crash(1)
    scene.tick()
    died, whole = not scene.world.crashes_left, scene.is_whole(ROUTES)
    scene.table.check("probe dies: every route is judged, later", died and whole, (died, whole))
    scene.rings("probe dies")


def poisoned_messages(scene: Scene) -> None:
    """What nobody can read ends among the dead letters and holds up nothing else."""
    for queue in ("Shards", "Changes"):
        scene.service.send(queue, '{"a": ')
    scene.pass_minutes(1)
    scene.service.dispatch(scene.now)
    whole = scene.is_whole(ROUTES)
    scene.table.check("poisoned messages: all else is judged", whole, whole)
    with scene.service.giving_up_after(2):
        scene.service.settle()
    scene.rings("poisoned messages", SHARDS_DEAD, CHANGES_DEAD)
    scene.service.purge_dead()
    scene.forget_alarms()
    scene.rings("dead letters taken away")


def table_throttled(scene: Scene) -> None:
    """While an outage begins: it is told once, as soon as the table takes it."""
    with scene.watched.denying():
        scene.pass_minutes(1)
        with scene.world.throttled():
            scene.service.dispatch(scene.now)
            refused = until(scene.world.has_refused, 20)
        scene.service.settle()
        judged = scene.come_to(RoutesDue=ROUTES, RoutesJudged=ROUTES)
        good = refused and judged
        scene.table.check("table throttled: every route is judged, later", good, (refused, judged))
        scene.told("authorizer denies as the table is throttled", "opened", _ORDERS)
    scene.told("authorizer lets in again", "resolved", _ORDERS)


def channel_gone(scene: Scene) -> None:
    """Messages wait for it; the other channel gets its own at once."""
    scene.forget_failures()
    scene.forget_alarms()
    client("sns").delete_topic(TopicArn=CHANNEL)
    with scene.watched.denying():
        scene.told("authorizer denies as a channel is gone", "opened", _ORDERS)

        def is_heard() -> bool:
            """A try counts in the minute in which it fails, and that may have just ended."""
            scene.tick()
            return bool(until(lambda: scene.is_ringing(UNDELIVERED), 5))

        until(is_heard, 60)
        scene.rings("authorizer denies, a channel is gone", AUTH, UNDELIVERED)
    inbox = open_channel()
    scene.told("authorizer lets in again, the channel is back", "resolved", _ORDERS)
    kinds = [one["kind"] for one in until(inbox.messages, 5) or []]
    scene.table.check("the channel hears all of it, once", kinds == ["opened", "resolved"], kinds)
    # What counts messages goes by the real clock, which no scene turns on.
    scene.forget_alarms()
    scene.rings("the channel is back", within=90)


def secret_gone(scene: Scene) -> None:
    """Not the API's fault: unknown, and told at once to whom the credential belongs."""
    scene.forget_alarms()
    with scene.watched.secret_gone():
        # The process that knows it ends, too.
        scene.world.crash(1)
        told = scene.told("secret gone", "opened", _SECRET, ticks=1)
        owner = told and told["incident"]["owner"]
        scene.table.check("secret gone: whoever calls is to act", owner == "caller", owner)
        unknown = scene.come_to(RoutesUnknown=1, RoutesDown=0)
        scene.table.check("secret gone: unknown, not down", unknown, unknown)
        lines = scene.service.logged("Probe", "credential_unreadable")
        named = [(one["level"], one["credential"]) for one in lines]
        scene.table.check("secret gone: its log line", named == [("ERROR", "partner")], lines)
        scene.rings("secret gone", UNREADABLE)
    # A failure is remembered for half a minute, but by the process that met it.
    scene.world.crash(1)
    scene.told("secret back", "resolved", _SECRET)


def target_unreachable(scene: Scene) -> None:
    scene.forget_alarms()
    story = Story("connect_failure", "GET /door")
    with scene.world.cut_off(scene.watched.host(scene.emulated, "Vault")):
        scene.told("nobody answers", "opened", story)
        scene.rings("nobody answers", OTHER)
    scene.told("somebody answers again", "resolved", story)


def nobody_listens(scene: Scene) -> None:
    """To the alarms' topic, and then somebody does: that is asked once an hour."""
    alarms = scene.service.outputs["AlarmsTopic"]

    def unheard() -> list[str]:
        before = len(scene.service.logged("Dispatch", "topic_unheard"))
        scene.pass_minutes((_ASKED_AT - 1 - scene.now.minute) % 60)
        scene.tick()
        until(lambda: len(scene.service.logged("Dispatch", "topic_unheard")) > before, 5)
        return [one["topic"] for one in scene.service.logged("Dispatch", "topic_unheard")[before:]]

    found = unheard()
    scene.table.check("nobody listens to the alarms: its log line", found == [alarms], found)
    rings = bool(until(lambda: scene.is_ringing(NOBODY), 15))
    scene.table.check("nobody listens to the alarms: its alarm", rings, rings)
    Inbox("safety-net", alarms)
    found = unheard()
    scene.table.check("somebody listens to the alarms", found == [], found)


def dispatch_stops(scene: Scene) -> None:
    scene.forget_alarms()
    scene.pass_minutes(4)
    scene.rings("dispatch stops", NO_TICK, NOT_JUDGED)
    scene.tick(3)
    scene.rings("dispatch goes on")


SCENARIOS = (
    probe_dies,
    poisoned_messages,
    table_throttled,
    channel_gone,
    secret_gone,
    target_unreachable,
    nobody_listens,
    dispatch_stops,
)
