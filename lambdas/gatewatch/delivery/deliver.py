"""Delivers one parcel: card, shape, post, answer, outcome. Never raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from gatewatch.config.canonical import Hook, SecretRef
from gatewatch.config.template import TemplateFaultError
from gatewatch.delivery.outcome import Answered, Later, Outcome, Refused, Taken, outcome_of
from gatewatch.delivery.parcel import Beat, Parcel, card
from gatewatch.delivery.post import MisledError, Post, Reveal, address
from gatewatch.delivery.shapes import shape_of
from gatewatch.delivery.shortest import shortest
from gatewatch.notices.card import Card
from gatewatch.notices.origin import Origin
from gatewatch.own_fault import log_own_fault
from gatewatch.ports import SecretError

Send = Callable[[Post], Answered]


def deliver(parcel: Parcel, origin: Origin, reveal: Reveal, send: Send) -> Outcome:
    """At most two requests: a message that was refused is sent once more in its shortest form, as
    one that a page cannot do without."""
    try:
        return _delivered(parcel, origin, _read_by(reveal), _sent_by(send))
    except SecretError as error:
        remedy = f"; next: {error.remedy}" if error.remedy else ""
        return Later(because=f"its secret cannot be read: {error}{remedy}")
    except MisledError as error:
        return Later(because=str(error))
    except TemplateFaultError as error:
        return _unfilled(error)
    except Exception as error:  # noqa: BLE001 - one parcel must not stop the others
        return Refused(because=log_own_fault("delivery_failed", parcel.lane, error))


def _read_by(reveal: Reveal) -> Reveal:
    """Our own fault while a secret is read is no fault of the message."""

    def read(ref: SecretRef) -> str:
        try:
            return reveal(ref)
        except SecretError:
            raise
        except Exception as error:  # noqa: BLE001 - said in the outcome, logged, counted
            fault = log_own_fault("delivery_failed", str(ref), error)
            raise SecretError(f"{ref}: {fault}", passes=True) from None

    return read


def _sent_by(send: Send) -> Send:
    """Nor is one while it is sent."""

    def answered(post: Post) -> Answered:
        try:
            return send(post)
        except Exception as error:  # noqa: BLE001 - said in the outcome, logged, counted
            return Answered(error=log_own_fault("delivery_failed", "", error))

    return answered


def _unfilled(error: TemplateFaultError) -> Refused:
    return Refused(because=f"its template cannot be filled in: {error}")


def _delivered(parcel: Parcel, origin: Origin, reveal: Reveal, send: Send) -> Outcome:
    if parcel.beat is not None:
        return _beaten(parcel.beat, reveal, send)
    said = card(parcel, origin)
    hook = None if parcel.to is None else parcel.to.hook
    if said is None or not isinstance(hook, Hook):
        return Refused(because="it is for no hook")
    try:
        outcome: Outcome = _sent(said, hook, reveal, send)
    except TemplateFaultError as error:
        outcome = _unfilled(error)
    except (SecretError, MisledError):
        raise
    except Exception as error:  # noqa: BLE001 - the shortest form may still get through
        outcome = Refused(because=log_own_fault("delivery_failed", parcel.lane, error))
    if isinstance(outcome, Refused):
        return _sent(shortest(said), hook, reveal, send)
    return outcome


def _sent(said: Card, hook: Hook, reveal: Reveal, send: Send) -> Outcome:
    post = shape_of(hook.kind)(said, hook, reveal)
    outcome: Outcome = Taken()
    while post is not None and isinstance(outcome, Taken):
        outcome = outcome_of(hook.kind, send(replace(post, authority=hook.authority)))
        post = post.then
    return outcome


def beat_document(beat: Beat) -> bytes:
    told = {
        "kind": "heartbeat",
        "at": beat.at,
        "deployment": beat.deployment,
        "gatewatch": beat.version,
    }
    return msgspec.json.encode(told)


def _beaten(beat: Beat, reveal: Reveal, send: Send) -> Outcome:
    post = Post(
        url=address(beat.to, reveal),
        body=beat_document(beat),
        headers={"Content-Type": "application/json"},
    )
    outcome = outcome_of(None, send(post))
    return Later(because=outcome.because) if isinstance(outcome, Refused) else outcome
