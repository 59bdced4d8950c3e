"""What CloudTrail sees change at API Gateway: kept for each API, looked at soon, and named."""
