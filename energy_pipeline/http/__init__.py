"""Talking HTTP: one kind of client, one kind of retry, no secret in any text."""
