"""`make e2e`: deploys an API and its monitor, breaks the one, and hears what the other says."""

from __future__ import annotations

import secrets
import shutil
import sys
import time
from pathlib import Path

from e2e.account import INTERPRETER, WORK, Deployed, cdk, client, emulator, prepare
from e2e.fitted import fit
from e2e.scenarios import SCENARIOS, Scene, Target
from e2e.table import Table

STACK = "Gatewatch"
CONFIG = """\
defaults: {{every: 1m, anonymous_every: 1m, timeout: 5s}}
credentials:
  partner: {{api_key: {{secret: gatewatch-e2e/partner}}}}
  user: {{bearer: {{ssm: /gatewatch-e2e/user}}}}
  signer: {{sigv4: {{role: "{role}", region: us-east-1}}}}
apis:
  shop:
    url: {address}/_aws/execute-api/{api}/prod
    owner: team-shop
    routes:
      - GET /health: public
      - GET /open: public
      - GET /orders: {{access: protected, guarded_by: lambda, as: [user]}}
      - GET /stock: {{access: protected, guarded_by: api_key, as: [partner]}}
      - GET /ledger: {{access: protected, guarded_by: iam, as: [signer]}}
"""


def main() -> int:
    began = time.monotonic()
    folder = WORK / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = Table()
    with emulator(folder) as address:
        target = _target(folder)
        table.done("target deployed by the CDK's command line", f"API {target.api}")
        changes = _deploy(folder, address, target)
        table.done("monitor deployed by the CDK's command line", "template of app.py, fitted")
        scene = Scene(Deployed(STACK), target, table)
        for scenario in SCENARIOS:
            scenario(scene)
    table.show(changes, time.monotonic() - began)
    return 0 if table.is_good else 1


def _target(folder: Path) -> Target:
    """What callers show is known to the target and to the stores that the monitor reads."""
    target = Target(folder, key=secrets.token_hex(20), token=secrets.token_hex(20))
    target.synthesise()
    prepare(folder / "target.out")
    client("secretsmanager").create_secret(Name="gatewatch-e2e/partner", SecretString=target.key)
    client("ssm").put_parameter(Name="/gatewatch-e2e/user", Value=target.token, Type="SecureString")
    target.deploy()
    return target


def _deploy(folder: Path, address: str, target: Target) -> list[str]:
    config, assembly = folder / "gatewatch.yaml", folder / "cdk.out"
    text = CONFIG.format(role=target.caller, address=address, api=target.api)
    config.write_text(text, encoding="utf-8")
    cdk("synth", "--quiet", "--output", assembly, "--context", f"config={config}")
    changes = fit(assembly, STACK, INTERPRETER)
    cdk("deploy", STACK, "--app", assembly, "--require-approval", "never")
    return changes


if __name__ == "__main__":
    sys.exit(main())
