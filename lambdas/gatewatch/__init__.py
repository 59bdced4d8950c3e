"""Gatewatch: at which layer a request to an API behind Amazon API Gateway stopped, and why."""

__version__ = "0.3.0"
