"""Pages for people: home page and API reference, without any outside request."""
