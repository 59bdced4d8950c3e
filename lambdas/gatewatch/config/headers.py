"""Which headers say where a request goes and what it is: the request's own, and nobody else's."""

from __future__ import annotations

import re

from gatewatch.gateway.url import API_ID_HEADER

# What decides where a request goes, how it is read, or which method it really is.
_OWN = re.compile(
    r"host|content-length|transfer-encoding|te|trailer|connection|keep-alive|upgrade|expect"
    rf"|proxy-.*|x-http-method(-override)?|x-method-override|x-forwarded-host|{API_ID_HEADER}"
)


def directs(name: str) -> bool:
    return bool(_OWN.fullmatch(name.lower()))
