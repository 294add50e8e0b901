"""The Enlighten cloud in both of its dialects: what to ask, how to ask it, what the answers say.

`v2/` and `v4/` hold what is a dialect's own: names and numbers of the vendor in `wire.py`, one
request in `connection.py`, the questions in `client.py`, what refusals mean in `problems.py`.
Common to both: `counted_requests.py` counts, waits and asks again, `series.py` names the interval
endpoints, `planner.py` lays the fewest requests over what is missing, `answers.py` and
`day_totals.py` read intervals and totals, `bodies.py` says what shape every answer has,
`lenient.py` how it may write one and the same thing. What is asked seldom has a module of its own
(`devices.py`, `inverters.py`, `meter_readings.py`, and `v2/`, `v4/` beside `client.py`), which asks
by `asked.py`.
"""
