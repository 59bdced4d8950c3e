"""Messages in the shape that their readers expect, where they go by a topic or a bus."""
