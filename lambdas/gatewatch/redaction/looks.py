"""Hides unknown secrets: by the form of a token, or by the text before them.

Gateways echo credentials: in clear in older texts, hashed since 2025, and inside a canonical
request when a signature fails. Each search takes time in proportion to the text.
"""

from __future__ import annotations

import re

from gatewatch.redaction.names import is_secret_parameter

HIDDEN = "<redacted>"

# Tokens of a known form. Each is searched only if its marker is in the text.
TOKENS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # A JSON Web Token, whole or cut.
    ("eyJ", re.compile(r"eyJ[\w-]{5,}(\.[\w-]*){0,4}")),
    # An AWS access key id, and the beginnings of session tokens.
    ("A", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b")),
    ("IQoJb3JpZ2lu", re.compile(r"IQoJb3JpZ2lu[\w+/=%-]*")),
    ("ZXIvYXdz", re.compile(r"F[wQ]oGZXIvYXdz[\w+/=%-]*")),
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure
    ("gh", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{16,}")),
    ("github_pat_", re.compile(r"\bgithub_pat_\w{16,}")),
    ("gl", re.compile(r"\bgl(pat|ptt|dt|rt|cbt|ft|soat|imt|agent|oas|ffct)-[\w.-]{16,}")),
    # Stripe
    ("_live_", re.compile(r"\b[prs]k_live_[A-Za-z0-9]{8,}")),
    ("_test_", re.compile(r"\b[prs]k_test_[A-Za-z0-9]{8,}")),
    ("whsec_", re.compile(r"\bwhsec_[\w+/=]{16,}")),
    # Slack
    ("xox", re.compile(r"\bxox[a-z]-[\w-]{8,}")),
    ("xapp-", re.compile(r"\bxapp-[\w-]{16,}")),
    ("hooks.slack.com/", re.compile(r"(?<=hooks\.slack\.com/)(services|workflows)/[\w/]{16,}")),
    # Google
    ("AIza", re.compile(r"\bAIza[\w-]{30,}")),
    ("ya29.", re.compile(r"\bya29\.[\w-]{16,}")),
    ("GOCSPX-", re.compile(r"\bGOCSPX-[\w-]{16,}")),
    ("1//0", re.compile(r"\b1//0[\w-]{20,}")),
    ("npm_", re.compile(r"\bnpm_[A-Za-z0-9]{20,}")),
    ("pypi-", re.compile(r"\bpypi-[\w-]{16,}")),
    # Twilio and SendGrid
    ("SK", re.compile(r"\bSK[0-9a-f]{32}\b")),
    ("SG.", re.compile(r"\bSG\.[\w-]{16,}\.[\w-]{16,}")),
    ("key-", re.compile(r"\bkey-[0-9a-f]{32}\b")),
    ("_v1_", re.compile(r"\bdo[opr]_v1_[0-9a-f]{32,}")),
    ("shp", re.compile(r"\bshp(at|ca|pa|ss)_[0-9a-fA-F]{32}")),
    ("sk-", re.compile(r"\bsk-[\w-]{20,}")),
    ("hf_", re.compile(r"\bhf_[A-Za-z0-9]{20,}")),
    ("hv", re.compile(r"\bhv[sbr]\.[\w-]{16,}")),
    ("dapi", re.compile(r"\bdapi[0-9a-f]{32}")),
    ("sq0", re.compile(r"\bsq0[a-z]{3}-[\w-]{16,}")),
    ("AccountKey=", re.compile(r"(?<=AccountKey=)[\w+/=]{16,}")),
    ("SharedAccessKey=", re.compile(r"(?<=SharedAccessKey=)[\w+/=]{16,}")),
    (
        "PRIVATE KEY-----",
        re.compile(
            r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
            re.DOTALL,
        ),
    ),
)

_ECHOES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    # A bearer or basic credential anywhere; words such as "bearer token" are not matched.
    (
        " ",
        re.compile(r"(?i)\b(bearer|basic)\s+(?=[\w.~+/=-]*\d|[\w.~+/=-]{16})[\w.~+/=-]{6,}(?!=)"),
        rf"\1 {HIDDEN}",
    ),
    # The echo of a header without `=` (wording before 2025).
    (
        "not a valid key=value pair",
        re.compile(
            r"'?(?<![^'\"\s])[^'\"\s]++'? (not a valid key=value pair)( \(missing equal-sign\))?"
        ),
        rf"{HIDDEN} \1\2",
    ),
    (
        "in Authorization header",
        re.compile(r"(in Authorization header: )'[^']*'?"),
        rf"\1'{HIDDEN}'",
    ),
    # The hash of a header (wording since 2025): a short secret can be guessed from it.
    ("encoded with Base64", re.compile(r"(encoded with Base64\): )'[^']*'?"), rf"\1'{HIDDEN}'"),
    # The echoed canonical request, which holds the session token.
    (
        "The Canonical String",
        re.compile(r"(The Canonical String for this request should have been).*", re.DOTALL),
        rf"\1 {HIDDEN}",
    ),
    # A parameter of a challenge, or an attribute, with a secret's name.
    (
        '="',
        re.compile(r'(?i)((?:token|secret|passw\w{0,8}|api[-_]?key)=")[^"]{4,}"?'),
        rf'\1{HIDDEN}"',
    ),
    ("Credential=", re.compile(r"(Credential=)[^/,\s]+"), rf"\1{HIDDEN}"),
    ("Signature=", re.compile(r"(Signature=)[0-9a-fA-F]{8,}"), rf"\1{HIDDEN}"),
    ("@", re.compile(r"(?<=//)[^/?#\s\"'<>]*@"), f"{HIDDEN}@"),
)

# In a URL, in a URL that is another's parameter, or in a form.
_PARAMETER = re.compile(
    r"(?:^(?=\S+$)|[?&#;]|%(?:25)*(?:3[fF]|26|23))(?:amp;)?\s?"
    r"(?P<name>[\w.\[\]-]{1,64})(?:=|%(?:25)*3[dD])"
)
_VALUE = re.compile(r"[^&#;,\s\"'<>]*")


def without_secrets(text: str) -> str:
    for marker, token in TOKENS:
        if marker in text:
            text = token.sub(HIDDEN, text)
    for marker, echo, shown in _ECHOES:
        if marker in text:
            text = echo.sub(shown, text)
    return _without_parameters(text)


def _without_parameters(text: str) -> str:
    parts: list[str] = []
    last = 0
    for found in _PARAMETER.finditer(text):
        if found.start() < last or not is_secret_parameter(found["name"]):
            continue
        value = _VALUE.match(text, found.end())
        if value and value[0]:
            parts += (text[last : value.start()], HIDDEN)
            last = value.end()
    return "".join((*parts, text[last:]))
