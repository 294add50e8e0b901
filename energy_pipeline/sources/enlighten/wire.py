"""What both dialects of Enlighten share on the wire: grids, words of refusal, lateness.

Grades: *seed* (the vendor's own published page), *verified* (official text or a captured
answer), *inferred* (reported by users, or follows from the rest), *assumed* (nobody says). Paths
and members of a dialect are in its own `wire.py`.
"""

from datetime import timedelta
from typing import Final

from energy_pipeline.state.limits import Period

SERVICE: Final = "Enlighten"

# -- intervals ------------------------------------------------------------------------ verified
MICRO_INTERVAL_S: Final = 300
METER_INTERVAL_S: Final = 900
REPORTS_ARE_LATE_BY: Final = timedelta(hours=6)  # inferred: uploads over a mobile network

# -- days ----------------------------------------------------------------------------- verified
PRODUCTION_PARTS: Final = {"production": "all"}  # adds the totals by micros and by meters

# -- refusals ------------------------------------------------------------------------- verified
OUTSIDE: Final = "Requested date range is invalid for this system"
IN_THE_FUTURE: Final = "Requested date is in the future"
NO_CONSUMPTION_METER: Final = (
    "does not contain any active and enabled consumption meter"  # inferred
)
PERIODS: Final[tuple[Period, ...]] = ("second", "minute", "hour", "day", "month")

# -- devices -------------------------------------------------------------------------- verified
DISABLED: Final = "disabled"  # state of a meter that is listed and measures nothing
