"""Dialect v2 of the simulated cloud: key and user id in the query, quota refused with 409."""
