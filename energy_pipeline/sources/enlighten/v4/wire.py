"""Everything that is Enlighten's in dialect v4 alone: paths, groups of endpoints, words of refusal.

What both dialects share, and what the grades mean, is in `wire.py` of the source. The day the
vendor says otherwise, these files change and no other.
"""

from typing import Final

SYSTEMS: Final = "/api/v4/systems"  # verified

# -- credentials ---------------------------------------------------------------------- verified
KEY_HEADER: Final = "key"  # also taken from the query, where more people see it
DEVELOPER_PORTAL: Final = "https://developer-v4.enphase.com"

# -- groups of endpoints: a plan has some, and the application must tick each ---------- verified
GROUPS: Final = (  # by the first fragment that is in the path
    ("/devices/", "Device Level Monitoring"),
    ("/evse_", "Device Level Monitoring"),
    ("/hp_", "Device Level Monitoring"),
    ("/config/", "System Configurations"),
    ("/live_data", "Streaming APIs"),
    ("/ev_charger", "EV Charger Monitoring"),
    ("/production_meter_readings", "Site Level Production Monitoring"),
    ("/rgm_stats", "Site Level Production Monitoring"),
    ("/energy_lifetime", "Site Level Production Monitoring"),
    ("/telemetry/production", "Site Level Production Monitoring"),
    ("_meter_readings", "Site Level Consumption Monitoring"),
    ("_lifetime", "Site Level Consumption Monitoring"),
    ("telemetry", "Site Level Consumption Monitoring"),
    ("", "System Details"),
)

# -- refusals ------------------------------------------------------------------------- verified
QUOTA_STATUS: Final = 429
TOKEN_REFUSED: Final = "User is not authorized"  # missing, expired, wrong  # noqa: S105
KEY_MISSING: Final = "Keys are missing"
KEY_OF_ANOTHER: Final = "API Key and Client ID"
NOT_IN_PLAN: Final = "Not authorized to access this resource"  # with 401; with 403: not shared
UNPARSABLE_TIME: Final = "Problem parsing time"  # with 500, though it is the request's fault
