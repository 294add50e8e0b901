"""Everything that is the gateway's: paths, members, names, periods.

Grades: *seed* (the vendor's own published page), *verified* (in captured replies of real
gateways), *reported* (by users and unofficial documentation), *assumed* (nobody says). The day the
vendor says otherwise, this file changes and no other.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Final

SERVICE: Final = "the gateway"


class Endpoint(StrEnum):
    """What a gateway can be asked for with GET."""

    INFO = "/info"  # seed; open to anybody
    CHECK_TOKEN = "/auth/check_jwt"  # reported  # noqa: S105 - a path
    PRODUCTION = "/production.json"  # seed
    PRODUCTION_DETAILS = "/production.json?details=1"  # seed
    PRODUCTION_V1 = "/api/v1/production"  # seed
    INVERTERS = "/api/v1/production/inverters"  # seed
    INVENTORY = "/inventory.json"  # seed
    HOME = "/home.json"  # seed
    METERS = "/ivp/meters"  # verified
    READINGS = "/ivp/meters/readings"  # verified
    DEVICE_DATA = "/ivp/pdm/device_data"  # verified
    ENSEMBLE_INVENTORY = "/ivp/ensemble/inventory"  # verified
    ENSEMBLE_POWER = "/ivp/ensemble/power"  # verified
    LIVE_DATA = "/ivp/livedata/status"  # reported


# -- session -------------------------------------------------------------------------- reported
SESSION_COOKIE: Final = "sessionId"
OWNER: Final = "owner"
INSTALLER: Final = "installer"
CERTIFICATE_NAME: Final = "envoy-{serial}"

# -- token services ------------------------------------------------------------------- seed
LOGIN: Final = "/login/login.json"
TOKENS: Final = "/tokens"
EMAIL_FIELD: Final = "user[email]"
PASSWORD_FIELD: Final = "user[password]"  # noqa: S105 - a field's name
SESSION_ID: Final = "session_id"
IS_BLOCKED: Final = "isBlocked"  # reported
TOKEN_PAGE: Final = "https://entrez.enphaseenergy.com"  # noqa: S105 - where people get one

# -- meters --------------------------------------------------------------------------- verified
PRODUCTION_METER: Final = "production"
NET_METER: Final = "net-consumption"
LOAD_METER: Final = "total-consumption"
STORAGE_METER: Final = "storage"
ENABLED: Final = "enabled"
NORMAL: Final = "normal"
NOT_METERING: Final = "not-metering"

# -- production.json ------------------------------------------------------------------ verified
INVERTERS_TYPE: Final = "inverters"
METER_TYPE: Final = "eim"

# -- device_data ---------------------------------------------------------------------- verified
INVERTER_NAME: Final = "pcu"
METER_NAME: Final = "eim"
PRODUCTION_RECORD: Final = "EIM1"
CONSUMPTION_RECORD: Final = "EIM2"
DEVICE_LIMIT: Final = 50
JOULES_PER_WH: Final = 3600
UNSIGNED: Final = 2**32  # -4 W is printed as 4294967292
RECORD_PERIODS_FRESH: Final = 2

# -- inverter list -------------------------------------------------------------------- verified
INVERTER_TYPE: Final = 1  # 11 is an AC Battery; old gateways give no type at all

# -- instants ------------------------------------------------------------------------- assumed
LAST_SECOND: Final = 2**33
"""Year 2242: a number from here on is no epoch in seconds."""
STALE_AFTER: Final = timedelta(minutes=15)  # meters are read every second, intervals every 15 min
CLOCKS_DIFFER: Final = timedelta(seconds=5)
