"""Pages for people: HTML over the same actions as the API."""
