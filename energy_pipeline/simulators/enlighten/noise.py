"""Seeded numbers that belong to an instant, not to a sequence.

The same seed, salts and instant always give the same number, whatever part of a series is asked
for; so a longer or later series agrees with a shorter one where they overlap.
"""

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_MANTISSA = 2.0**-53


def noise(at: Int64s, *salts: int) -> Floats:
    """Return one number in [0, 1) for each instant (or other whole number) of `at`."""
    state = np.atleast_1d(at).astype(np.uint64)
    for salt in (0, *salts):
        state = _mixed(state ^ _mixed(np.array([salt % 2**64], np.uint64)))
    return (state >> np.uint64(11)).astype(np.float64) * _MANTISSA


def whole(upper: int, at: int, *salts: int) -> int:
    """Return a whole number from 0 up to, not including, `upper`."""
    return int(noise(np.array([at], np.int64), *salts)[0] * upper)


def _mixed(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scatter all bits (the finalizer of the splitmix64 generator)."""
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _MIX[0]
    state = (state ^ (state >> np.uint64(27))) * _MIX[1]
    return state ^ (state >> np.uint64(31))
