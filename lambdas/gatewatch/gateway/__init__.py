"""What API Gateway and its neighbours send, and how to read it: URLs, answers, denials."""
