"""The gateway of a site in its local network: who it is, what it measures, what it is made of.

Parsing goes by what answers hold, never by firmware numbers: `replies`, then one module per body.
Counters become hours in `transform/`.
"""
