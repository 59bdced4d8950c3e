"""The only package that sends HTTP requests. It reports what came back and judges nothing."""
