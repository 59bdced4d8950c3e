"""The names that people give to stages."""

from __future__ import annotations

import re

_STAGES = "prod(uction)?|dev(elop(ment)?)?|test(ing)?|stage|staging|stg|qa|uat|preprod"


_PATHS_AS_WELL = r"preview|live|beta|alpha|sandbox|demo|int|api|latest|v\d[\w.-]*"


def _named(names: str) -> re.Pattern[str]:
    return re.compile(rf"\$default|(.+[-_])?({names})([-_]\w+)?", re.IGNORECASE)


_SURELY_A_STAGE = _named(_STAGES)


_USUAL_STAGE = _named(f"{_STAGES}|{_PATHS_AS_WELL}")
"""Chalice's own stage is `api`."""


def is_surely_a_stage(segment: str) -> bool:
    return bool(_SURELY_A_STAGE.fullmatch(segment))


def is_usual_stage(segment: str) -> bool:
    return bool(_USUAL_STAGE.fullmatch(segment))
