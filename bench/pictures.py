"""Draws messages as people see them: a card of Slack and one of Teams, a mail, and a phone.

The clients are imitated, except that Teams' card is laid out by Microsoft's own library, which
`make pictures` installs. It writes docs/on-call-*.webp, to be looked at before they are committed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from shutil import which
from typing import Any

from msgspec.structs import replace

from gatewatch.delivery.shapes import slack, teams
from gatewatch.incidents.announce import AnnouncementKind
from gatewatch.model import (
    Candidate,
    Confidence,
    CredentialKind,
    Exchange,
    Finding,
    Incident,
    Layer,
    Member,
    Owner,
    Request,
    Response,
    RuledOut,
    Severity,
    Update,
)
from gatewatch.notices.card import Card, card_of
from gatewatch.notices.message import subject, text
from gatewatch.notices.origin import Origin
from gatewatch.notices.shapes import amazon_q, sms

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LIBRARIES = ROOT / "build" / "pictures" / "node_modules"
ORIGIN = Origin(
    account="111122223333", region="eu-west-1", deployment="Gatewatch", stack="Gatewatch"
)
BEGAN, TOLD, ENDED = (f"2026-11-22T09:{minute}:00+00:00" for minute in ("00", "04", "17"))
ENTRANCE = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"


def _member(route: str) -> Member:
    return Member(
        route=route,
        entrance=ENTRANCE,
        caller="partner",
        since=BEGAN,
        last_good="2026-11-22T08:59:00+00:00",
    )


SEEN = Exchange(
    id="1",
    request=Request(
        method="GET",
        url=f"{ENTRANCE}/orders",
        credential=CredentialKind.API_KEY,
    ),
    response=Response(
        status=403,
        headers={"x-amzn-errortype": "MissingAuthenticationTokenException"},
        body='{"message": "Missing Authentication Token"}',
        elapsed_ms=41,
    ),
)
OPENED = Incident(
    id="01M817SG70E9YYZ58JCSZP1C5X",
    api="orders",
    stage="prod",
    state="open",
    opened_at=BEGAN,
    resolved_at=None,
    layer=Layer.ROUTING,
    layer_confidence=Confidence.CERTAIN,
    cause="route_not_deployed",
    confidence=Confidence.CERTAIN,
    candidates=(Candidate("route_not_deployed", Layer.ROUTING),),
    scope="route",
    finding=Finding.REFUSED,
    owner=Owner.API,
    severity=Severity.HIGH,
    members=tuple(_member(one) for one in ("GET /orders", "GET /orders/{id}", "POST /orders")),
    updates=(Update(at=BEGAN, text="GET /orders as partner: 403 Missing Authentication Token"),),
    ruled_out=(
        RuledOut("api_key_missing", "a key was sent"),
        RuledOut("waf_blocked", "the answer is the gateway's own"),
    ),
    evidence=(SEEN,),
    because="403 Missing Authentication Token",
    team="team-orders",
    runbook="https://wiki.example.com/orders",
    preceded_by="CreateDeployment dep123 of stage prod at 2026-11-22T08:59:20Z by role/deployer",
)
RESOLVED = replace(
    OPENED,
    state="resolved",
    resolved_at=ENDED,
    members=tuple(replace(one, until=ENDED) for one in OPENED.members),
)


def _card(kind: AnnouncementKind, incident: Incident, at: str) -> Card:
    return card_of("4f1d", kind, at, incident, origin=ORIGIN)


CARD = _card(AnnouncementKind.OPENED, OPENED, TOLD)
END = _card(AnnouncementKind.RESOLVED, RESOLVED, ENDED)

_MARGIN = 16
_STYLE = (
    f"body{{margin:0;padding:{_MARGIN}px}}"
    + """
body{font:14px/1.4 Lato,"DejaVu Sans","Noto Color Emoji",sans-serif;
  color:#1d1c1d;background:#fff}
code,pre{font:11px/1.45 "DejaVu Sans Mono",monospace}
pre{background:#f6f6f6;border:1px solid #ddd;border-radius:4px;padding:8px;margin:4px 0;
  white-space:pre-wrap;overflow-wrap:anywhere}
p{margin:4px 0;overflow-wrap:anywhere}
.who{font-weight:900;margin-bottom:4px} .who small{font-weight:400;color:#616061}
.app{font-size:10px;background:#e8e8e8;border-radius:2px;padding:1px 3px;color:#616061}
h3{font-size:18px;margin:2px 0 6px} .bar{border-left:4px solid;padding-left:12px;margin-bottom:20px}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:6px 16px;margin:8px 0}
.context{font-size:12px;color:#616061} .button{display:inline-block;border:1px solid #bbb;
  border-radius:4px;padding:4px 12px;margin:4px 8px 4px 0;font-weight:700;font-size:13px}
"""
)


def _mrkdwn(raw: str) -> str:
    """Slack's own texts have their entities already."""
    parts = re.split(r"```(.*?)```", raw, flags=re.DOTALL)
    return "".join(
        f"<pre>{one}</pre>" if number % 2 else _inline(one) for number, one in enumerate(parts)
    )


def _inline(raw: str) -> str:
    typed = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", raw)
    bold = re.sub(r"(?m)(^|\s)\*([^*\n]+)\*", r"\1<b>\2</b>", typed)
    return bold.replace("\n", "<br>")


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{escape(block['text']['text'])}</h3>"
        case "context":
            return f"<p class=context>{_mrkdwn(block['elements'][0]['text'])}</p>"
        case "actions":
            shown = (escape(one["text"]["text"]) for one in block["elements"])
            return "".join(f"<span class=button>{one}</span>" for one in shown)
        case _ if "fields" in block:
            cells = "".join(f"<div>{_mrkdwn(one['text'])}</div>" for one in block["fields"])
            return f"<div class=fields>{cells}</div>"
        case _:
            return f"<p>{_mrkdwn(block['text']['text'])}</p>"


def _slack() -> Iterator[str]:
    for card, at in ((CARD, "10:04"), (END, "10:17")):
        message: Any = slack.message(card)
        yield f"<div class=who>Gatewatch <span class=app>APP</span> <small>{at}</small></div>"
        yield from map(_block, message["blocks"])
        for one in message["attachments"]:
            inner = "".join(map(_block, one["blocks"]))
            yield f"<div class=bar style='border-color:{one['color']}'>{inner}</div>"


_HOST = {
    "fontFamily": "Segoe UI, DejaVu Sans, Noto Color Emoji, sans-serif",
    "containerStyles": {
        name: {"backgroundColor": colour}
        for name, colour in {
            "good": "#e7f2da",
            "warning": "#fbf6d9",
            "attention": "#fcf4f6",
            "accent": "#e8ebfa",
            "emphasis": "#f3f3f3",
        }.items()
    },
}
_TEAMS = """
<div id=card></div>
<script src="{libraries}/adaptivecards/dist/adaptivecards.min.js"></script>
<script src="{libraries}/markdown-it/dist/browser/markdown-it.umd.min.js"></script>
<style>.ac-pushButton{{border:1px solid #bbb;border-radius:4px;background:#fff;padding:5px 12px;
margin-right:8px}} #card td:first-child{{min-width:84px}}
#card>div{{border:1px solid #ddd;border-radius:6px;margin-bottom:16px}}</style>
<script>
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {{
  result.outputHtml = markdownit().render(text); result.didProcess = true; }};
const card = new AdaptiveCards.AdaptiveCard();
card.hostConfig = new AdaptiveCards.HostConfig({host});
card.parse({content});
document.getElementById("card").appendChild(card.render());
</script>
"""


def _teams() -> str:
    message: Any = teams.message(CARD)
    content = json.dumps(message["attachments"][0]["content"])
    # A text that ends a script would end ours.
    return _TEAMS.format(
        libraries=LIBRARIES.as_uri(),
        content=content.replace("</", "<\\/"),
        host=json.dumps(_HOST),
    )


def _mail() -> Iterator[str]:
    line = subject(AnnouncementKind.OPENED, OPENED, ORIGIN)
    yield f"<h3>{escape(line)}</h3><p class=context>AWS Notifications &lt;no-reply@sns…&gt;</p>"
    yield f"<pre style='background:#fff;border:0'>{escape(text(CARD))}</pre>"


def _phone() -> Iterator[str]:
    bubble = "background:#e9e9eb;border-radius:16px;padding:8px 12px;max-width:300px"
    yield "<p class=context>SMS</p>"
    yield f"<div style='{bubble}'>{escape(sms.body(CARD))}</div>"
    yield "<p class=context style='margin-top:24px'>Amazon Q in a chat</p>"
    content = json.loads(amazon_q.body(CARD))["content"]
    yield f"<p><b>{escape(content['title'])}</b></p>"
    yield f"<p>{_inline(escape(content['description'], quote=False))}</p><p><b>Next steps</b></p>"
    yield from (f"<p>• {_inline(escape(one, quote=False))}</p>" for one in content["nextSteps"])


def pages() -> dict[str, tuple[int, str]]:
    """Each picture's width and content."""
    return {
        "slack": (640, "".join(_slack())),
        "teams": (640, _teams()),
        "mail": (800, "".join(_mail())),
        "phone": (390, "".join(_phone())),
    }


def _browse(browser: str, page: Path, *options: str) -> str:
    command = (browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu")
    wait = ("--virtual-time-budget=3000", "--allow-file-access-from-files")
    done = subprocess.run(
        [*command, *wait, *options, page.as_uri()], capture_output=True, text=True, check=True
    )
    return done.stdout


# Each client draws these signs itself; this machine may have no font that has them.
_MARKS = {"\U0001f534": "#c62828", "\U0001f7e0": "#e67700", "\U0001f7e2": "#2e7d32"}
_FINISHED = """<script>onload = () => {
  const marks = %s, walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  for (const node of found) for (const mark in marks) if (node.data.includes(mark)) {
    const dot = document.createElement("span");
    dot.style = "display:inline-block;width:.8em;height:.8em;border-radius:50%%;background:"
      + marks[mark];
    const rest = node.splitText(node.data.indexOf(mark));
    rest.data = rest.data.replace(mark, "");
    rest.parentNode.insertBefore(dot, rest);
  }
  document.title = "h" + document.documentElement.scrollHeight;
}</script>"""


def draw(browser: str, name: str, width: int, content: str, folder: Path) -> Path:
    page, picture = folder / f"{name}.html", DOCS / f"on-call-{name}.webp"
    narrow = f"body{{width:{width - 2 * _MARGIN}px}}"
    head = f"<!doctype html><meta charset=utf-8><style>{_STYLE}{narrow}</style>"
    page.write_text(f"{head}{content}{_FINISHED % json.dumps(_MARKS)}", encoding="utf-8")
    measured = _browse(browser, page, f"--window-size={width},200", "--dump-dom")
    height = re.search(r"<title>h(\d+)</title>", measured)
    size = f"--window-size={width},{height[1] if height else 2000}"
    _browse(browser, page, size, f"--screenshot={picture}")
    return picture


def main() -> int:
    browser = which("chromium") or which("google-chrome")
    if browser is None or not LIBRARIES.exists():
        print("expected chromium on the PATH, and what make pictures installs", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for name, (width, content) in pages().items():
            picture = draw(browser, name, width, content, Path(folder))
            print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
