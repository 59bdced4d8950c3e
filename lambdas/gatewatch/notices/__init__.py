"""Turns incidents into the words of messages. It sends nothing."""
