"""Everything that is Enlighten's in dialect v2 alone: paths, members, widths, words of refusal.

What both dialects share, and what the grades mean, is in `wire.py` of the source. The day the
vendor says otherwise, these files change and no other.
"""

from datetime import timedelta
from typing import Final

# -- paths ---------------------------------------------------------------------------- seed
SYSTEMS: Final = "/api/v2/systems"
STATS: Final = "stats"  # production by microinverters
RGM_STATS: Final = "rgm_stats"  # production by revenue-grade meters
CONSUMPTION_STATS: Final = "consumption_stats"
SUMMARY: Final = "summary"
ENERGY_LIFETIME: Final = "energy_lifetime"
CONSUMPTION_LIFETIME: Final = "consumption_lifetime"
MONTHLY_PRODUCTION: Final = "monthly_production"  # verified; deprecated
ENVOYS: Final = "envoys"  # verified
INVENTORY: Final = "inventory"  # verified
SEARCH_SYSTEM_ID: Final = "search_system_id"  # verified; of no system

AUTHORIZATION_URL: Final = "https://enlighten.enphaseenergy.com/app_user_auth/new?app_id=…"  # seed
RETIRED: Final = "2024-06-30"  # verified: end of dialect v2; what it answers since is unknown

# -- query ---------------------------------------------------------------------------- verified
KEY: Final = "key"
USER_ID: Final = "user_id"
START_AT: Final = "start_at"  # epoch seconds; an interval is given when it ends after it
END_AT: Final = "end_at"  # epoch seconds; ... and not after this
NEXT: Final = "next"
LIMIT: Final = "limit"
SUMMARY_DATE: Final = "summary_date"
START_DATE: Final = "start_date"
SERIAL_NUM: Final = "serial_num"  # of a gateway
LONGEST_PAGE: Final = 1000

# -- widths --------------------------------------------------------------------------- verified
STATS_WIDEST: Final = timedelta(days=1)  # a longer range is cut to its first day
# The endpoint's text says a month, a later release note seven days and a refusal.
RGM_STATS_WIDEST: Final = timedelta(days=7)
# "One month": 31 days are assumed. An answer that was cut shorter is asked again from its end.
CONSUMPTION_STATS_WIDEST: Final = timedelta(days=31)
SHORTEST_MONTH: Final = timedelta(days=28)

# -- refusals ------------------------------------------------------------------------- verified
SERVER_BUG: Final = "NoMethodError"
QUOTA_STATUS: Final = 409
