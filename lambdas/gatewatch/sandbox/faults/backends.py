"""Functions and servers behind the gateway, and how it calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatewatch.sandbox.faults.base import (
    CATALOG,
    HEALTH,
    HTTP,
    ApiChange,
    Fault,
    Look,
    by_name,
    http_api,
    integration,
    rest_api,
)
from gatewatch.sandbox.integrations import Function, HttpBackend, Integration, Reply

_CARTS_HEALTH = Look(f"{HTTP}/health")


def _function(change: Callable[[Function], Function]) -> ApiChange:
    def apply(before: Integration) -> Integration:
        if not isinstance(before.backend, Function):
            raise TypeError("not a function")
        return replace(before, backend=change(before.backend))

    return integration("function", apply)


def _catalog(change: Callable[[HttpBackend], HttpBackend]) -> ApiChange:
    def apply(before: Integration) -> Integration:
        if not isinstance(before.backend, HttpBackend):
            raise TypeError("not a server")
        return replace(before, backend=change(before.backend))

    return integration("catalog", apply)


def _impatient(before: Integration) -> Integration:
    return replace(before, backend=Function(takes_seconds=3.0), timeout_seconds=0.05)


def _says(status: int, message: str) -> ApiChange:
    reply = Reply(status, f'{{"error":"{message}"}}')
    return _catalog(lambda one: replace(one, reply=reply))


def _masks(before: Integration) -> Integration:
    reply = Reply(403, '{"message":"Forbidden"}\n')
    return replace(before, backend=HttpBackend(reply), proxy=False)


FAULTS = by_name(
    Fault(
        "permission_missing",
        "the gateway loses its permission to invoke the function",
        "lambda_permission_missing",
        HEALTH,
        rest_api(_function(lambda one: replace(one, permitted=False))),
    ),
    Fault(
        "function_raises",
        "the function behind the routes raises an error",
        "function_error",
        HEALTH,
        rest_api(_function(lambda one: replace(one, raises=True))),
    ),
    Fault(
        "function_answers_badly",
        "the function returns a text where the gateway wants an object",
        "malformed_integration_response",
        HEALTH,
        rest_api(_function(lambda one: replace(one, well_formed=False))),
    ),
    Fault(
        "function_throttled",
        "the function's reserved concurrency is set to zero",
        "lambda_throttled",
        HEALTH,
        rest_api(_function(lambda one: replace(one, reserved_concurrency=0))),
    ),
    Fault(
        "function_slow",
        "the function takes longer than the integration's timeout of 50 ms",
        "integration_timeout",
        HEALTH,
        rest_api(integration("function", _impatient)),
    ),
    Fault(
        "backend_unreachable",
        "the catalogue's server is moved away",
        "integration_unreachable",
        CATALOG,
        rest_api(_catalog(lambda one: replace(one, reachable=False))),
    ),
    Fault(
        "backend_certificate",
        "the catalogue's server shows a certificate of another name",
        "integration_tls_mismatch",
        CATALOG,
        rest_api(_catalog(lambda one: replace(one, certificate_matches=False))),
    ),
    Fault(
        "header_mapping",
        "a mapping sets a header that the gateway keeps to itself",
        "integration_misconfigured",
        CATALOG,
        rest_api(integration("catalog", lambda one: replace(one, sets_forbidden_header=True))),
    ),
    Fault(
        "backend_denies",
        "the catalogue's server refuses the gateway",
        "backend_denied",
        CATALOG,
        rest_api(_says(403, "not for you")),
    ),
    Fault(
        "backend_lacks_it",
        "the catalogue's server has the page no more",
        "backend_not_found",
        CATALOG,
        rest_api(_says(404, "gone")),
    ),
    Fault(
        "backend_fails",
        "the catalogue's server fails",
        "backend_error",
        CATALOG,
        rest_api(_says(500, "sorry")),
    ),
    Fault(
        "failure_masked",
        "a non-proxy integration turns the backend's 403 into a 200",
        "masked_failure",
        CATALOG,
        rest_api(integration("catalog", _masks)),
    ),
    Fault(
        "http_permission_missing",
        "the HTTP API loses its permission to invoke the function",
        "lambda_permission_missing",
        _CARTS_HEALTH,
        http_api(_function(lambda one: replace(one, permitted=False))),
    ),
    Fault(
        "http_function_raises",
        "the function behind the HTTP API raises an error",
        "function_error",
        _CARTS_HEALTH,
        http_api(_function(lambda one: replace(one, raises=True))),
    ),
    Fault(
        "http_function_throttled",
        "the reserved concurrency of the HTTP API's function is set to zero",
        "lambda_throttled",
        _CARTS_HEALTH,
        http_api(_function(lambda one: replace(one, reserved_concurrency=0))),
    ),
    Fault(
        "http_function_slow",
        "the function takes longer than the HTTP API's timeout of 50 ms",
        "integration_timeout",
        _CARTS_HEALTH,
        http_api(integration("function", _impatient)),
    ),
)
