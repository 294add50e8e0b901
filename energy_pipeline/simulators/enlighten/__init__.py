"""A simulated Enlighten cloud: one data set, one or more dialects as faces on it.

What the houses measured is in `dataset.py` (built by `replay.py` from recordings or by `model.py`),
what the cloud knows of it at an instant in `cloud.py`, what can go wrong in `faults.py`, and the
HTTP faces in `v2/`, `v4/` and `oauth/`. `app.py` puts them together.
"""
