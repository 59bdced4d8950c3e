"""Our signer against AWS's own, over generated requests."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.probe.sigv4 import Keys, sign

_PIECES = st.sampled_from([*"aZ0-_.~+:@!$'()*,;", "%20", "%2F", "%C3%A9", "..", "."])
_SEGMENT = st.lists(_PIECES, max_size=5).map("".join)
_PATHS = st.lists(_SEGMENT, max_size=5).map(lambda parts: "/" + "/".join(parts))
_PAIRS = st.tuples(st.sampled_from("abc"), _SEGMENT, st.sampled_from(["=", ""]))
_QUERIES = st.lists(_PAIRS.map("".join), max_size=4).map("&".join)
_HOSTS = st.sampled_from(["a.execute-api.us-east-1.amazonaws.com", "h:8443", "h:443", "[::1]:80"])
_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1))  # noqa: DTZ001
_METHODS = st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE"])


@given(_METHODS, _HOSTS, _PATHS, _QUERIES, st.none() | st.just("a/b+c=="), _TIMES)
def test_the_headers_equal_botocores(
    method: str, host: str, path: str, query: str, token: str | None, when: datetime
) -> None:
    url = f"https://{host}{path}" + (f"?{query}" if query else "")
    theirs = AWSRequest(method, url)
    with patch("botocore.auth.get_current_datetime", lambda *_, **__: when):
        signer = SigV4Auth(Credentials("AKID", "secret", token), "execute-api", "eu-west-1")
        signer.add_auth(theirs)
    keys = Keys("AKID", "secret", token)
    ours = sign(method, url, keys, "eu-west-1", "execute-api", when.replace(tzinfo=UTC))
    assert ours == dict(theirs.headers.items())


def test_keys_are_never_shown() -> None:
    assert "secret" not in repr(Keys("AKID", "secret"))
