"""A simulated Enlighten cloud: one data set, one or more dialects as faces on it.

What the houses measured is in `dataset.py` (built by `replay.py` from recordings or by `model.py`),
what the cloud knows of it at an instant in `cloud.py`, what can go wrong in `faults.py`, and the
HTTP face of dialect v2 in `v2/`. `app.py` puts them together.
"""
