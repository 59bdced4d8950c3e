"""What `cdk -c NAME=VALUE` may say: the rest is refused in one line, and never passed over."""

from __future__ import annotations

import pytest

from gatewatch_cdk.context import read_context
from gatewatch_cdk.settings import UnusableSettingError

_KEY = "arn:aws:kms:eu-west-1:111122223333:key"
_STACK = (
    "deployment: expected the name of a stack: a letter, then letters, digits and dashes, at most "
    "128; found "
)
_ARNS = "expected ARNs of KMS keys such as arn:aws:kms:REGION:ACCOUNT:key/ID, found "
_GROUP = "arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:orders"
_GROUPS = (
    "codedeploy-groups: expected ARNs of deployment groups such as arn:aws:codedeploy:REGION:"
    "ACCOUNT:deploymentgroup:APPLICATION/GROUP, found "
)
_COUNT = "max-concurrency: expected a whole number from 2 to 1000, found "


def test_nothing_is_needed() -> None:
    found = read_context(
        {"aws:cdk:bundling-stacks": ["**"], "stage": "beta", "cli-telemetry": True}
    )
    assert (found.config, found.deployment, found.deployments) == (
        "gatewatch.yaml",
        "Gatewatch",
        None,
    )
    assert (found.secret_keys, found.topic_keys, found.max_concurrency) == ((), (), None)
    assert (found.take_over, found.lets_samples) == (None, False)
    assert (found.codedeploy_groups, found.codepipeline, found.api_changes) == ((), False, True)


def test_what_is_given_is_taken() -> None:
    found = read_context(
        {
            "config": "prod.yaml",
            "deployment": "GatewatchProd",
            "secret-keys": f"{_KEY}/a  {_KEY}/b",
            "topic-keys": "",
            "max-concurrency": "7",
            "take-over": "monday",
            "samples": "allowed",
            "codedeploy-groups": f"{_GROUP}/a  {_GROUP}/b",
            "codepipeline": "true",
            "api-changes": "false",
        }
    )
    assert (found.config, found.deployment) == ("prod.yaml", "GatewatchProd")
    assert (found.secret_keys, found.topic_keys) == ((f"{_KEY}/a", f"{_KEY}/b"), ())
    assert (found.max_concurrency, found.take_over, found.lets_samples) == (7, "monday", True)
    assert found.codedeploy_groups == (f"{_GROUP}/a", f"{_GROUP}/b")
    assert (found.codepipeline, found.api_changes) == (True, False)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"deployment": "my_stack"}, f"{_STACK}'my_stack'"),
        ({"deployment": "x" * 129}, f"{_STACK}'{'x' * 129}'"),
        ({"deployment": "Shop\n"}, f"{_STACK}'Shop\\n'"),
        ({"deployment": ""}, "deployment: expected a text, found an empty one"),
        ({"config": ""}, "config: expected a text, found an empty one"),
        ({"deployments": ""}, "deployments: expected a text, found an empty one"),
        ({"config": 5}, "config: expected a text, found 5"),
        ({"deployments": 5}, "deployments: expected a text, found 5"),
        ({"secret-keys": 5}, "secret-keys: expected a text, found 5"),
        ({"topic-keys": ["a"]}, "topic-keys: expected a text, found ['a']"),
        ({"take-over": {"a": 1}}, "take-over: expected a text, found {'a': 1}"),
        ({"secret-keys": "alias/mine"}, f"secret-keys: {_ARNS}'alias/mine'"),
        ({"topic-keys": f"{_KEY}/a,{_KEY}/b"}, f"topic-keys: {_ARNS}'{_KEY}/a,{_KEY}/b'"),
        ({"max-concurrency": "5000"}, f"{_COUNT}5000"),
        ({"max-concurrency": "1"}, f"{_COUNT}1"),
        ({"max-concurrency": ""}, _COUNT),
        ({"max-concurrency": 5.5}, f"{_COUNT}5.5"),
        ({"max-concurrency": True}, f"{_COUNT}True"),
        ({"codedeploy-groups": "orders"}, f"{_GROUPS}'orders'"),
        ({"codedeploy-groups": f"{_GROUP}/*"}, f"{_GROUPS}'{_GROUP}/*'"),
        ({"codedeploy-groups": f"{_GROUP}/a,{_GROUP}/b"}, f"{_GROUPS}'{_GROUP}/a,{_GROUP}/b'"),
        ({"codepipeline": "yes"}, "codepipeline: expected true or false, found 'yes'"),
        ({"codepipeline": ""}, "codepipeline: expected true or false, found ''"),
        ({"api-changes": 0}, "api-changes: expected true or false, found 0"),
        ({"api_changes": True}, 'api_changes: unknown; did you mean "api-changes"?'),
        ({"samples": "yes"}, "samples: expected allowed, found 'yes'"),
        ({"samples": ""}, "samples: expected allowed, found ''"),
        ({"max_concurrency": "7"}, 'max_concurrency: unknown; did you mean "max-concurrency"?'),
        ({"confg": "x.yaml"}, 'confg: unknown; did you mean "config"?'),
        ({"takeover": "x"}, 'takeover: unknown; did you mean "take-over"?'),
        (
            {"deployments": "all.yaml", "config": "x", "max-concurrency": "7"},
            "config, max-concurrency: not together with deployments; all.yaml says it for each",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_one_line(given: dict[str, object], told: str) -> None:
    with pytest.raises(UnusableSettingError) as refused:
        read_context(given)
    assert str(refused.value) == told
