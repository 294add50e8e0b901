"""Everything that is Enlighten's in dialect v4 alone: paths, groups of endpoints, words of refusal.

What both dialects share, and what the grades mean, is in `wire.py` of the source. The day the
vendor says otherwise, these files change and no other.
"""

from datetime import timedelta
from typing import Final

SYSTEMS: Final = "/api/v4/systems"  # verified
SEARCH: Final = "search"  # of no system; a POST
RETRIEVE_SYSTEM_ID: Final = "retrieve_system_id"  # of no system
EVENT_TYPES: Final = "event_types"  # of no system
DEVICES: Final = "devices"
EVENTS: Final = "events"
ALARMS: Final = "alarms"
OPEN_EVENTS: Final = "open_events"
OPEN_ALARMS: Final = "open_alarms"
LATEST_TELEMETRY: Final = "latest_telemetry"

# -- intervals and days --------------------------------------------------------------- verified
PRODUCTION_MICRO: Final = "telemetry/production_micro"
PRODUCTION_METER: Final = "telemetry/production_meter"
CONSUMPTION_METER: Final = "telemetry/consumption_meter"
BATTERY: Final = "telemetry/battery"
ENERGY_IMPORT: Final = "energy_import_telemetry"
ENERGY_EXPORT: Final = "energy_export_telemetry"
ENERGY_LIFETIME: Final = "energy_lifetime"
CONSUMPTION_LIFETIME: Final = "consumption_lifetime"
BATTERY_LIFETIME: Final = "battery_lifetime"
ENERGY_IMPORT_LIFETIME: Final = "energy_import_lifetime"
ENERGY_EXPORT_LIFETIME: Final = "energy_export_lifetime"
SUMMARY: Final = "summary"
TELEMETRY_WIDEST: Final = timedelta(days=7)
TELEMETRY_KEPT: Final = timedelta(days=730)  # "2 years": what starts earlier is refused, assumed

# -- query of intervals, days and lists ------------------------------------------------ verified
START_AT: Final = "start_at"  # epoch seconds; an interval is given when it ends after it
GRANULARITY: Final = "granularity"  # length of the window, from `start_at` on
DAY_WINDOW: Final = "day"  # 24 hours from an instant: assumed for days of clock changes
WEEK_WINDOW: Final = "week"
SUMMARY_DATE: Final = "summary_date"
PAGE: Final = "page"
SIZE: Final = "size"
LONGEST_PAGE: Final = 100

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

# -- query ---------------------------------------------------------------------------- verified
SERIAL_NUM: Final = "serial_num"  # of a gateway
START_TIME: Final = "start_time"  # epoch seconds
END_TIME: Final = "end_time"  # epoch seconds
CLEARED: Final = "cleared"  # alarms that are over instead of active ones
LONGEST_SEARCH_PAGE: Final = 1000
EVENTS_WIDEST: Final = timedelta(days=7)
