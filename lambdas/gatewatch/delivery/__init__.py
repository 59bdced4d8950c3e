"""How a message gets to a channel outside: what is sent, what an answer means, and when again."""
