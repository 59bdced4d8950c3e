"""The one place that sends HTTP requests. It reports what came back and judges nothing."""
