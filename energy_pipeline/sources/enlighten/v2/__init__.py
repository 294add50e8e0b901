"""Dialect v2, which the vendor retired on 2024-06-30: key and user id in the query."""
