"""One synthesis of a configuration that asks for everything, shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewatch_cdk.stack import GatewatchStack
from tests.infra import templates

CONFIG = """
credentials:
  key: {api_key: {secret: gatewatch/partner, key: apiKey}}
  machine:
    oauth2:
      token_url: https://auth.example.com/oauth2/token
      client: {secret: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:client-AbCdEf"}
  token: {bearer: {ssm: /orders/token}}
  other: {sigv4: {role: "arn:aws:iam::444455556666:role/gatewatch-caller"}}
  own: {sigv4: {}}
notify:
  - {sns: "arn:aws:sns:us-east-1:111122223333:on-call", severity: [high]}
apis:
  orders:
    url: https://abc123.execute-api.us-east-1.amazonaws.com/prod
    routes:
      - GET /health: public
      - GET /orders: {access: protected, guarded_by: iam, as: [own, other]}
      - GET /stock: {access: protected, guarded_by: api_key, as: [key]}
  users:
    url: https://users.example.com
    routes:
      - GET /users: {access: protected, guarded_by: jwt, as: [machine, token]}
"""


PRIVATE = f"""{CONFIG}
  stock:
    url: https://def456.execute-api.us-east-1.amazonaws.com/prod
    private: true
    routes:
      - GET /stock: {{access: protected, guarded_by: iam, as: [own, key]}}
      - GET /shelves: {{access: protected, as: [inner]}}
  kept:
    url: {{ssm: /kept/url}}
    routes:
      - GET /kept: public
network:
  subnets: [subnet-0a1b2c3d, subnet-0e1f2a3b]
  security_groups: [sg-0a1b2c3d]
  ranges: [10.20.0.0/16]
""".replace("notify:", "  inner: {bearer: {secret: gatewatch/inner}}\nnotify:")
"""The same, an API inside a VPC, and one whose URL is in Parameter Store."""


@pytest.fixture(scope="session")
def private_template(tmp_path_factory: pytest.TempPathFactory) -> templates.Resource:
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(PRIVATE)
    return synthesised(file)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> templates.Resource:
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(CONFIG)
    return synthesised(file)


SECRETS_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"
TOPICS_KEY = "arn:aws:kms:us-east-1:111122223333:key/5678"


def synthesised(file: Path) -> templates.Resource:
    stack = GatewatchStack(
        templates.new_app(),
        "Gatewatch",
        config=file,
        secret_keys=(SECRETS_KEY,),
        topic_keys=(TOPICS_KEY,),
        code=templates.sources(),
    )
    return templates.of(stack)
