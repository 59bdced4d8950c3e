"""Whether an API's resource policy lets strangers in, as far as a synthesis can tell. Pure.

Every answer is True, False, or None where only the deployment or the call itself decides. An
explicit deny wins, and without an allow nobody gets in:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from typing import Any

_TOKEN = "\x01"
"""Stands for a part that only the deployment knows."""
_VARIABLE, _GREEDY = "\x02", "\x03"
"""Stand for the values of path variables; the greedy one may hold slashes."""
_PART = "\x04"
"""As `*`, but it takes no slash."""
_PATH_VARIABLE = re.compile(r"\{[^{}/]*?(\+?)\}")
_ACTION = "execute-api:Invoke"
_NEGATED = re.compile(r"Not(Equals|Like|IpAddress)", re.IGNORECASE)
_ONLY_INSIDE = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip"})
_ONLY_OF_KNOWN = re.compile(
    r"aws:(principal(arn|account|orgid|orgpaths|tag/.*)|source(arn|account|orgid|orgpaths))"
)
_EVERYWHERE = ip_network("0.0.0.0/0")
_LARGE_PREFIX = 12
"""A public range of fewer bits may hold addresses that Lambda calls from."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`document` as it is rendered; `stage` by name, or empty where only the deployment knows it.

    The looks come from public addresses, or from inside the VPC where the API `is_private`.
    """

    document: object
    stage: str
    is_private: bool

    def admits_strangers(self, method: str, path: str) -> bool | None:
        """Whether a call without credentials gets past the policy."""
        return self._admits(method, path, is_known=False)

    def admits_known(self, method: str, path: str) -> bool | None:
        """Whether it lets in somebody whom it names, from the same place."""
        return self._admits(method, path, is_known=True)

    def _admits(self, method: str, path: str, *, is_known: bool) -> bool | None:
        statements = _statements(self.document)
        if statements is None:
            return None
        filled = _PATH_VARIABLE.sub(lambda found: _GREEDY if found[1] else _VARIABLE, path)
        subject = f"{self.stage or _VARIABLE}/{method}{filled}"
        call = _Call(subject, self.is_private, is_known)
        found = [(one.get("Effect"), call.matches(one)) for one in statements]
        denied = _any(matched for effect, matched in found if effect == "Deny")
        allowed = _any(matched for effect, matched in found if effect == "Allow")
        return _all((_not(denied), allowed))

    @property
    def doubts(self) -> str:
        """What cannot be evaluated, in words."""
        call = _Call("", self.is_private, is_known=False)
        keys = {
            key
            for one in _statements(self.document) or ()
            for operator, key, values in _conditions(one)
            if call.holds(operator, key, values) is None
        }
        return f"by {', '.join(sorted(keys))}" if keys else "by what a synthesis cannot evaluate"


@dataclass(frozen=True, slots=True)
class _Call:
    subject: str
    is_private: bool
    is_known: bool

    def matches(self, statement: Mapping[str, Any]) -> bool | None:
        return _all(
            (
                self._of_principal(statement),
                _of_action(statement),
                self._of_resource(statement),
                *(self.holds(*one) for one in _conditions(statement)),
            )
        )

    def _of_principal(self, statement: Mapping[str, Any]) -> bool | None:
        if "Principal" not in statement:
            return None
        written = statement["Principal"]
        named = written.get("AWS", ()) if isinstance(written, dict) else written
        if isinstance(written, dict) and _is_intrinsic(written):
            return None
        return _any(self._of_one_principal(one) for one in _listed(named))

    def _of_one_principal(self, named: object) -> bool | None:
        if named == "*":
            return True
        is_arn = isinstance(named, str) or ":" in _text(named) or "Fn::GetAtt" in _names(named)
        return self.is_known if is_arn else None

    def _of_resource(self, statement: Mapping[str, Any]) -> bool | None:
        if "Resource" in statement:
            return _any(_covers(one, self.subject) for one in _listed(statement["Resource"]))
        spared = statement.get("NotResource")
        if spared is None:
            return None
        return _not(_any(_covers(one, self.subject) for one in _listed(spared)))

    def holds(self, operator: str, key: str, values: tuple[object, ...]) -> bool | None:
        """Whether one condition holds for a stranger's call, or for one of somebody known."""
        name = key.lower()
        if name in _ONLY_INSIDE and not self.is_private:
            return _without_key(operator, values)
        if name in ("aws:sourcevpc", "aws:sourcevpce") and self.is_private:
            # The twin is placed where the policy lets calls through; see docs/account.md.
            return not _NEGATED.search(operator) if _plain(operator) != "null" else None
        if _ONLY_OF_KNOWN.fullmatch(name) and not self.is_known:
            return _without_key(operator, values)
        if name == "aws:securetransport" and _plain(operator) == "bool":
            return _any(_as_bool(one) for one in values)
        if name == "aws:sourceip" and not self.is_private:
            return _from_outside(operator, values)
        return None


def _statements(document: object) -> list[Mapping[str, Any]] | None:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    found = document.get("Statement") if isinstance(document, dict) else None
    listed = list(_listed(found)) if found is not None else None
    if listed is None or not all(_is_statement(one) for one in listed):
        return None
    return listed


def _is_statement(one: object) -> bool:
    return isinstance(one, dict) and one.get("Effect") in ("Allow", "Deny")


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[object, ...]]]:
    written = statement.get("Condition", {})
    for operator, keys in written.items() if isinstance(written, dict) else ():
        if not isinstance(keys, dict):
            yield operator, "its condition", ()
            continue
        for key, values in keys.items():
            yield operator, key, tuple(_listed(values))


def _of_action(statement: Mapping[str, Any]) -> bool | None:
    if "Action" in statement:
        return _any(_is_like(str(one), _ACTION) for one in _listed(statement["Action"]))
    if "NotAction" in statement:
        return not any(_is_like(str(one), _ACTION) for one in _listed(statement["NotAction"]))
    return None


def _is_like(pattern: str, text: str) -> bool:
    return _overlap(pattern.lower(), text.lower())


def _covers(resource: object, subject: str) -> bool | None:
    """Whether `stage/METHOD/path` is covered; the resource may leave out the API."""
    text = _text(resource)
    if text.startswith("execute-api:/"):
        pattern = text.removeprefix("execute-api:/")
    elif text in ("*", "arn:*"):
        return True
    else:
        parts = text.split(":", 5)
        if len(parts) < 6:
            return None
        pattern = parts[5].partition("/")[2] if "/" in parts[5] else parts[5]
    if _overlap(pattern, subject):
        return True
    some = subject.replace(_VARIABLE, _PART).replace(_GREEDY, "*")
    return None if _overlap(pattern.replace(_TOKEN, "*"), some) else False


def _overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns: the first of `*` and `?`, the other of parts, too."""
    seen: set[tuple[int, int]] = set()
    ahead = [(0, 0)]
    while ahead:
        left, right = at = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        rest, others = one[left:], other[right:]
        if not rest and not others:
            return True
        if rest[:1] == "*":
            ahead += [(left + 1, right), *([(left, right + 1)] if others else [])]
        if others[:1] == "*":
            ahead += [(left, right + 1), *([(left + 1, right)] if rest else [])]
        if others[:1] == _PART:
            ahead.append((left, right + 1))
            if rest[:1] not in ("", "/"):
                ahead.append((left + 1, right))
        if rest and others and (rest[0] == others[0] or "?" in (rest[0], others[0])):
            ahead.append((left + 1, right + 1))
    return False


def _without_key(operator: str, values: tuple[object, ...]) -> bool | None:
    """A condition on a key that the request does not have.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if _plain(operator) == "null":
        return _any(_as_bool(one) for one in values)
    optional = operator.lower().endswith("ifexists") or operator.lower().startswith("forallvalues:")
    return optional or bool(_NEGATED.search(operator))


def _from_outside(operator: str, values: tuple[object, ...]) -> bool | None:
    match _plain(operator):
        case "ipaddress":
            return _any(_holds_strangers(one) for one in values)
        case "notipaddress":
            return _not(_any(_holds_strangers(one) for one in values))
    return None


def _holds_strangers(written: object) -> bool | None:
    """Whether addresses of Lambda, which are public and nobody's own, lie in a range."""
    try:
        found = ip_network(str(written), strict=False)
    except ValueError:
        return None
    if found == _EVERYWHERE:
        return True
    if isinstance(found, IPv4Network):
        return False if found.is_private or found.prefixlen >= _LARGE_PREFIX else None
    return None if found.prefixlen < _LARGE_PREFIX * 2 else False


def _plain(operator: str) -> str:
    return operator.lower().rpartition(":")[2].removesuffix("ifexists")


def _as_bool(value: object) -> bool | None:
    text = str(value).lower()
    return text == "true" if text in ("true", "false") else None


def _text(value: object) -> str:
    """A text with a mark for each part that only the deployment knows."""
    match value:
        case str(text):
            return text
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_text(part) for part in parts)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{[^}]*\}", _TOKEN, text)
    return _TOKEN


def _names(value: object) -> Iterable[str]:
    return value.keys() if isinstance(value, dict) else ()


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return any(name == "Ref" or name.startswith("Fn::") for name in value)


def _listed(value: object) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _any(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    if True in found:
        return True
    return None if None in found else False


def _all(values: Iterable[bool | None]) -> bool | None:
    return _not(_any(_not(one) for one in values))
