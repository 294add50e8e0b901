"""Snapshots of a tenant: what would change, what is refused, what was sent and came of it."""
