"""Every form in scope, of thirteen canaries and of a hundred at once, at every place of an answer:
what is recorded of it, which is all that is judged, stored, printed or sent, shows none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gatewatch.evidence import evidence
from gatewatch.probe.credentials import Keyring
from gatewatch.probe.prober import Prober
from gatewatch.probe.vault import Vault
from gatewatch.redaction.redactor import Redactor
from tests.probe.test_prober import Clock, attempt
from tests.servers import serving

from .canaries import STAGES, Echo, Finder
from .test_canaries import ACCESS_TOKEN, IN_ENVIRONMENT, IN_QUERY
from .test_hundred_canaries import SECRETS

_ROOT = Path(__file__).parent.parent.parent
_THIRTEEN = [*IN_ENVIRONMENT.values(), ACCESS_TOKEN, IN_QUERY, "cafe-4711"]


def recorded(secrets: Sequence[str], place: str, known: Sequence[str]) -> list[str]:
    """What is recorded of the answers that carry every form of these secrets there."""
    stage = replace(STAGES[place], every=1)
    echo = Echo(secrets, {place: stage})
    assert echo.carried == len(stage.of(secrets))
    redactor = Redactor(known)
    with serving(echo) as server:
        prober = Prober(Keyring((), Vault(lambda _: "", Clock())), Clock())
        urls = [f"http://{server.place}/prod{path}" for path in echo.paths]
        # So long that an answer comes in time on a busy machine, too.
        looks = [attempt(url, timeout_seconds=60.0) for url in urls]
        seen = prober.send_all(looks, lambda raw: evidence(raw, redactor))
        prober.close()
        assert len(server.requests) >= len(looks) == len(seen)
    return [msgspec.json.encode(one).decode() for one in seen]


def shown(texts: Sequence[str], secrets: Sequence[str]) -> list[tuple[str, str]]:
    finder = Finder(secrets)
    return sorted(found for text in texts for found in finder.found(text))


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("place", STAGES)
def test_no_form_at_any_place_shows_one(
    place: str, part: int, caplog: pytest.LogCaptureFixture
) -> None:
    texts = recorded(_THIRTEEN[part::3], place, _THIRTEEN)
    assert shown([*texts, caplog.text], _THIRTEEN) == []


@pytest.mark.parametrize("first", range(0, 100, 25))
@pytest.mark.parametrize("place", ["body", "headers", "urls"])
def test_no_form_of_a_hundred_shows_one(place: str, first: int) -> None:
    """All hundred are known, and a quarter of them is repeated."""
    texts = recorded(SECRETS[first : first + 25], place, SECRETS)
    assert shown(texts, SECRETS) == []


_PEAK = """
import json, re
from pathlib import Path
from gatewatch.redaction.redactor import Redactor
from tests.attack.test_hundred_canaries import SECRETS
from tests.redaction.test_redaction import FORMS
forms = [make(one) for one in SECRETS[::3] for make in FORMS.values()]
text = json.dumps(forms[::9])[:65_536]
Redactor(SECRETS).text(text, cut=True)
status = Path("/proc/self/status").read_text()  # `getrusage` would count what its parent held
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024)
"""


def test_a_hundred_in_a_body_that_is_full_of_forms_stay_within_half_of_the_function() -> None:
    """Megabytes, with all that the test itself has loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", _PEAK], check=True, capture_output=True, text=True, cwd=_ROOT
    )
    assert int(ran.stdout) < 256
