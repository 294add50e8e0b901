"""Dialect v4: an OAuth token and the application's key, and plans that name what may be asked."""
