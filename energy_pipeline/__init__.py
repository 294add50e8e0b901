"""Enphase solar sites into EnerKey: every hour once, with the right value."""

__version__ = "0.1.0"
