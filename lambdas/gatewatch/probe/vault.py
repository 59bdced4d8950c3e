"""Secrets, tokens and keys: each fetched when first needed, kept, and fetched again in time."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar, cast

import msgspec

from gatewatch.config.canonical import (
    AssumedRole,
    ClientCertificate,
    Cognito,
    CredentialSource,
    GivenKeys,
    Heartbeat,
    Hook,
    OAuth2,
    OwnKeys,
    SecretRef,
    SigningKeys,
    Sigv4,
    within,
)
from gatewatch.ports import Clock, Identities, Keys, ReadSecret, SecretError
from gatewatch.probe import oauth2
from gatewatch.probe.form import post_form
from gatewatch.probe.identity import Identity, check_identity
from gatewatch.probe.kept import Fetch, Kept
from gatewatch.probe.known import KnownSecrets

T = TypeVar("T")

_SECRET_YOUNG = timedelta(minutes=1)
_TOKEN_YOUNG = timedelta(minutes=10)
_SHORTEST = 4
_SENDABLE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


class Vault:
    """The material of credentials. `known`: every value that may still be echoed.

    `networks`: where tokens may be requested, as for a Resolver. `contact`: as for a Prober.
    """

    def __init__(
        self,
        read: ReadSecret,
        clock: Clock,
        identities: Identities | None = None,
        networks: Sequence[str] | None = None,
        contact: str | None = None,
    ) -> None:
        self._read = read
        self._clock = clock
        self._aws = identities
        self._networks = networks
        self._contact = contact
        self._kept: dict[Hashable, Kept[Any]] = {}
        self._lock = Lock()
        self.known = KnownSecrets(clock.now)

    def text(self, ref: SecretRef) -> str:
        """The text where `ref` points, line ends included; raises SecretError."""
        place = msgspec.structs.replace(ref, key=None)
        text = self._keep(place, lambda: (self._read(place), None), _SECRET_YOUNG)
        return _field(text, ref)

    def secret(self, ref: SecretRef) -> str:
        """The same without line ends, and long enough for a redactor to find."""
        value = self.text(ref).strip("\r\n")
        _check_length(value, f"the secret of {ref}")
        self.known.hold(ref, value)
        return value

    def header_value(self, ref: SecretRef) -> str:
        """The same as a header can carry it."""
        value = self.secret(ref)
        _check_sendable(value, f"the secret of {ref}")
        return value

    def token(self, source: OAuth2 | Cognito) -> str:
        """A bearer token; raises SecretError."""
        return self._keep(source, lambda: self._new_token(source), _TOKEN_YOUNG)

    def keys(self, source: SigningKeys) -> Keys:
        """The keys to sign with; raises SecretError."""
        if isinstance(source, GivenKeys):
            token = source.session_token
            return Keys(
                self.header_value(source.access_key_id),
                self.header_value(source.secret_access_key),
                self.header_value(token) if token else None,
            )
        return self._keep(source, lambda: self._new_keys(source), _TOKEN_YOUNG)

    def identity(self, source: ClientCertificate) -> Identity:
        """The client identity; raises SecretError where it is no matching pair."""
        return self._keep(source, lambda: (self._new_identity(source), None), _SECRET_YOUNG)

    def renew(self, source: CredentialSource | Hook | Heartbeat) -> None:
        """Fetch the material of what was refused again."""
        with self._lock:
            parts = [
                self._kept.get(msgspec.structs.replace(r, key=None))
                for r in within(source, SecretRef)
            ]
            minted = self._kept.get(_minted(source))
        read = [part for part in parts if part is not None]
        for part in read:
            part.renew()
        if minted is not None:
            minted.renew(even_young=any(minted.is_older_than(part) for part in read))

    def _keep(self, name: Hashable, fetch: Fetch[T], young: timedelta) -> T:
        with self._lock:
            kept = self._kept.setdefault(name, Kept(fetch, self._clock.now, young))
        return cast(Kept[T], kept).get()

    @property
    def _identities(self) -> Identities:
        if self._aws is None:
            raise SecretError("AWS is not asked here")
        return self._aws

    def _new_token(self, source: OAuth2 | Cognito) -> tuple[str, datetime]:
        token, ends = (
            self._oauth2_token(source) if isinstance(source, OAuth2) else self._login(source)
        )
        _check_length(token, "the token")
        _check_sendable(token, "the token")
        self.known.hold(source, token)
        return token, ends

    def _oauth2_token(self, source: OAuth2) -> tuple[str, datetime]:
        client = source.client_id
        client_id = client if isinstance(client, str) else self.secret(client)
        headers, form = oauth2.request(source, client_id, self.secret(source.client_secret))
        status, body = post_form(
            source.token_url, headers, form, self._networks, source.authority, self._contact
        )
        return oauth2.granted(source, status, body, self._clock.now())

    def _login(self, source: Cognito) -> tuple[str, datetime]:
        secret = source.client_secret
        return self._identities.cognito_token(
            source,
            self.secret(source.password),
            self.secret(secret) if secret else None,
        )

    def _new_keys(self, source: AssumedRole | OwnKeys) -> tuple[Keys, datetime | None]:
        keys, ends = (
            self._identities.role_keys(source)
            if isinstance(source, AssumedRole)
            else self._identities.own_keys()
        )
        values = (keys.access_key_id, keys.secret_access_key, keys.session_token)
        self.known.hold(source, *filter(None, values))
        return keys, ends

    def _new_identity(self, source: ClientCertificate) -> Identity:
        identity = Identity(self.text(source.certificate), self.text(source.private_key))
        self.known.hold(source, identity.private_key.strip())
        try:
            check_identity(identity)
        except ValueError as error:
            raise SecretError(
                f"client certificate of {source.certificate}: {error}",
                f"store a PEM certificate there and its open key in {source.private_key}",
            ) from None
        return identity


def _minted(source: CredentialSource | Hook | Heartbeat) -> Hashable:
    """What is fetched besides the references, by its name here."""
    return source.keys if isinstance(source, Sigv4) else source


def _field(text: str, ref: SecretRef) -> str:
    """One field, where the reference names a key of a JSON object."""
    if ref.key is None:
        return text
    wanted = f'store a JSON object with the text "{ref.key}" there, or name the right key'
    try:
        found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(found[ref.key], type=str)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SecretError(f"{ref}: the secret is not a JSON object with texts", wanted) from None
    except KeyError:
        raise SecretError(f"{ref}: the secret has no such key", wanted) from None


def _check_length(value: str, what: str) -> None:
    if len(value) < _SHORTEST:
        raise SecretError(f"{what} is shorter than {_SHORTEST} characters", _STORE_ANOTHER)


def _check_sendable(value: str, what: str) -> None:
    if not _SENDABLE.fullmatch(value):
        raise SecretError(f"{what} holds a character that no header carries", _STORE_ANOTHER)


_STORE_ANOTHER = "store the value itself, without quotes, spaces or line breaks around it"
