"""Which headers, parameters and fields carry a credential, by their names."""

from __future__ import annotations

import re
from functools import lru_cache

_HEADERS = frozenset({"cookie", "set-cookie"})
_PLAIN = re.compile(
    r"(?i)(token|secret|passw|passphrase|passwd|pwd|signature|credential|session|jwt|hmac|assertion"
    r"|ticket|verifier|[cx]srf|samlresponse|authorization$"
    r"|(api|access|private|subscription|functions|master|account|shared|signing)[-_]?key)"
)
# Short words that mean other things elsewhere: `code` and `state` are fields of many answers.
_IN_URLS = re.compile(r"(?i)(x-)?(auth|key|sig|code|sid|otp|pin|state|nonce|pass|bearer)")


@lru_cache(maxsize=4096)
def is_secret_field(name: str) -> bool:
    """Whether a field of that name holds a credential, anywhere."""
    return bool(_PLAIN.search(name))


@lru_cache(maxsize=4096)
def is_secret_parameter(name: str) -> bool:
    """The same for a parameter in a URL, a form or a cookie."""
    return is_secret_field(name) or bool(_IN_URLS.fullmatch(name))


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    folded = name.lower()
    if folded in _HEADERS:
        return True
    return not folded.startswith("access-control-") and is_secret_parameter(folded)
