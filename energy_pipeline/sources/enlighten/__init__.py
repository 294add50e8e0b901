"""The Enlighten cloud, dialect v2: what to ask, how to ask it, and what the answers say.

`wire.py` holds every name and number of the vendor, `series.py` the interval endpoints,
`planner.py` the fewest requests for what is missing, `client.py` the requests, `problems.py` what
the vendor's refusals mean. Interval answers are read in `answers.py`, day totals in
`day_totals.py`; `bodies.py` says what shape every answer has.
"""
