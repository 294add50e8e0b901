"""Gateway counters to hours: pure functions on sorted columns.

`samples` says when a counter showed what, `links` what can have flowed between two samples, `runs`
which samples are believed, `boundaries` and `gaps` make steps of them, `steps` puts the counters of
a stream on one timeline, `balance` derives consumption, `hours` is the way in from outside.
"""
