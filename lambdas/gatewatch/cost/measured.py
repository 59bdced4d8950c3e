"""What one look, shard or call takes: measured by `make scale` and `bench/`, November 2026.

Times are seconds of an x86 processor unless said otherwise.
"""

from __future__ import annotations

LOOK = 0.0015  # send, record, diagnose, judge, track
CONNECTION = 0.0023  # a new one over TLS, verified
SHARD = 0.010  # threads, metrics and the runtime
AWS_CALL = 0.0025  # a small one, by botocore
DISPATCH_ROUTE = 0.000035
EMF_SHARD_BYTES = 1_200  # our metrics and Powertools'
EMF_LOOK_BYTES = 6  # a value of latency
EMF_ROUTE_BYTES = 273  # one metric of a failing route
FINDING_BYTES = 260  # a line of the log for each failing look
RECORD_BYTES = 100  # of an API in the table

# What depends on the account and the APIs, and is assumed.
GRAVITON = 1.3  # times the processor time measured
MEMORY_GB = 0.5
PROCESSORS = 512 / 1769  # that a function of this memory has
LOOK_SECONDS = 0.1  # until a healthy API has answered
AWS_CALL_SECONDS = 0.01
PLATFORM_LOG_BYTES = 600  # what Lambda itself logs of a run
POST_SECONDS = 0.5  # to post one message, until it was answered and noted
WRITER_SECONDS = 1.0  # of an API whose incident opens: its reads, its writes and its messages
EMPTY_POLLS = 30
"""A minute: five pollers of two queues, 20 s each. Lambda begins with five, and maximum concurrency
lowers only how many functions run:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""
POSTING_POLLS = 15  # the same of one more queue, where something is posted
SERIES = 15  # metrics of a deployment while nothing is wrong
SMALL_SERIES = 2  # with `small: true`
KEYS = 2  # one for each topic
ALARMS = 26  # counted by the metrics that they watch
POSTING_ALARMS = 3  # where something is posted
