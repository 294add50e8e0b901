"""Dialect v4 of the simulated cloud: OAuth and key on every call, quota refused with 429."""
