"""List prices in US dollars: us-east-1, from copies of AWS's price pages in 2026.

Free tiers are ignored. From memory, and small: the prices of S3, SNS, KMS, the scheduler and the
dashboard.
"""

from __future__ import annotations

LAMBDA_GB_SECOND = 13.3334e-6  # arm64
LAMBDA_RUN = 0.20e-6
SQS_REQUEST = 0.50e-6  # FIFO; each 64 KB of a call is one
DYNAMODB_WRITE = 0.625e-6  # on demand, of 1 KB
DYNAMODB_READ = 0.125e-6  # on demand, strongly consistent, of 4 KB
LOGS_GB = 0.50
LOGS_GB_MONTH = 0.03
METRIC = 0.30  # a series; each of the first 10,000
ALARM = 0.10
COMPOSITE_ALARM = 0.50
DASHBOARD = 3.00
SCHEDULER_RUN = 1.00e-6
S3_READ = 0.40e-6
SNS_PUBLISH = 0.50e-6  # to a topic; what its subscriptions cost is not in it
KMS_KEY = 1.00

# API Gateway: so many requests at this price each, then so many at the next.
REST_REQUESTS = ((333e6, 3.50e-6), (667e6, 2.80e-6), (19_000e6, 2.38e-6))
HTTP_REQUESTS = ((300e6, 1.00e-6), (19_700e6, 0.90e-6))
