"""What EnerKey's wire looks like, in one place: paths, names, limits, each with how sure we are.

The vendor's public text names little; the rest is a convention until the vendor's own reference is
at hand. Then this file changes and no other. `seed`: said by the vendor. `verified`: found in other
public material. `inferred`: follows from those. `assumed`: nobody says it.

Rules of the push protocol are not here (`reconcile`), nor what an answer's code means (`outcome`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

Grade = Literal["seed", "verified", "inferred", "assumed"]


@dataclass(frozen=True, slots=True)
class Known:
    """How sure a line of the wire is.

    Args:
        grade: where it comes from.
        note: what is open about it, empty when nothing is.
    """

    grade: Grade
    note: str = ""


_SEED = Known("seed")
_NAME = Known("assumed", "camelCase field; read without regard to letter case")

# Headers
PNG: Annotated[str, Known("inferred", "the format is said, its media type is not")] = "image/png"
PDF: Annotated[str, Known("inferred", "the format is said, its media type is not")] = (
    "application/pdf"
)
AUTHORIZATION: Annotated[str, _SEED] = "Authorization"
KEY_FORMAT: Annotated[str, Known("assumed", "the bare key, no scheme word")] = "{key}"
MEDIA_TYPE: Annotated[str, _SEED] = "application/json"
PUSH_CONTENT_TYPE: Annotated[str, Known("inferred")] = "application/json; charset=utf-8"
RATE_LIMIT: Annotated[str, Known("seed", "calls left in the 24 h period")] = "X-Rate-Limit"
RATE_REMAINING: Annotated[str, Known("inferred", "AspNetCoreRateLimit")] = "X-Rate-Limit-Remaining"
RATE_RESET: Annotated[str, Known("inferred", "AspNetCoreRateLimit")] = "X-Rate-Limit-Reset"

# Paths
_PREFIX: Annotated[str, Known("assumed", "v2 is public for provisioning only")] = "/api/v2"
QUANTITIES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Quantities"
FACILITIES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Facilities"
METERS: Annotated[str, Known("assumed")] = f"{_PREFIX}/Meters"
MONTHLY_VALUES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Values/MonthlyValues"
NORMALIZED_VALUES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Values/MonthlyNormalizedValues"
FACILITY: Annotated[str, Known("assumed")] = f"{_PREFIX}/Facilities/{{facility_id}}"
METER: Annotated[str, Known("assumed")] = f"{_PREFIX}/Meters/{{meter_id}}"
FACILITY_REPORT: Annotated[str, Known("assumed")] = (
    f"{_PREFIX}/Images/FacilityReport/{{facility_id}}"
)
FACILITY_IMAGE: Annotated[str, Known("assumed")] = f"{_PREFIX}/Images/FacilityImage/{{facility_id}}"
ALARM: Annotated[str, Known("assumed")] = f"{_PREFIX}/Alarms/{{alarm_id}}"
ALARM_IMAGE: Annotated[str, Known("assumed")] = f"{_PREFIX}/Alarms/{{alarm_id}}/Image"
ACTIONS: Annotated[str, Known("assumed")] = f"{_PREFIX}/Actions"
ACTION: Annotated[str, Known("assumed")] = f"{_PREFIX}/Actions/{{action_id}}"
UPDATE_ACTION: Annotated[str, Known("assumed", "may be POST")] = "PUT"
HOURLY_VALUES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Values/HourlyValues"
PUSH_CONSUMPTIONS: Annotated[str, Known("seed", "the name; path and id's place are assumed")] = (
    f"{_PREFIX}/Values/PushConsumptionsForMeter/{{meter_id}}"
)
PUSH_CUMULATIVE: Annotated[str, Known("seed", "the name; path and id's place are assumed")] = (
    f"{_PREFIX}/Values/PushCumulativeReadingsForMeter/{{meter_id}}"
)

PROVISION_CUSTOMERS: Annotated[str, Known("assumed")] = f"{_PREFIX}/Provisioning/Customers"
PROVISION_FACILITIES: Annotated[str, Known("assumed")] = f"{_PREFIX}/Provisioning/Facilities"
PROVISIONING_STATUS: Annotated[str, _SEED] = "/api/v2/Provisioning/ProvisioningStatus"

# Parameters of the query; lists repeat the name
FACILITY_IDS: Annotated[str, Known("assumed")] = "facilityIds"
METER_IDS: Annotated[str, Known("assumed")] = "meterIds"
FROM: Annotated[str, Known("assumed", "inclusive, on a full hour")] = "from"
TO: Annotated[str, Known("assumed", "exclusive, on a full hour")] = "to"

PROVISIONING_ID: Annotated[str, Known("assumed", "may stand in the path")] = "id"

FORMAT: Annotated[str, Known("assumed", "png or pdf")] = "format"
COLORS: Annotated[str, Known("assumed", "repeated, in the order of the series")] = "colors"
COLOR_FORMAT: Annotated[str, Known("assumed", "six hex digits, no number sign")] = "{digits}"
YEAR: Annotated[str, Known("assumed")] = "year"
ETAG: Annotated[str, Known("assumed", "used where an answer has one")] = "ETag"
IF_MATCH: Annotated[str, Known("assumed")] = "If-Match"

# Fields of answers and messages
ID: Annotated[str, _SEED] = "id"
NAME: Annotated[str, _SEED] = "name"
UNIT: Annotated[str, _SEED] = "unit"
FACILITY_ID: Annotated[str, Known("verified", "the vendor's public coding task")] = "facilityId"
SUB_METERS: Annotated[str, Known("verified", "the vendor's public coding task")] = "subMeters"
PARENT_METER_ID: Annotated[str, Known("assumed", "of a flat list of meters")] = "parentMeterId"
QUANTITY_ID: Annotated[str, _NAME] = "quantityId"
READING_TYPE: Annotated[str, _NAME] = "readingType"
METER_ID: Annotated[str, _NAME] = "meterId"
VALUES: Annotated[str, _NAME] = "values"
TIMESTAMP: Annotated[str, Known("inferred", "the vendor's text uses the word")] = "timestamp"
VALUE: Annotated[str, Known("inferred", "the vendor's text uses the word")] = "value"

FACILITIES_MEMBER: Annotated[str, Known("assumed", "the list may be bare")] = "facilities"
EXTERNAL_METER_ID: Annotated[str, _NAME] = "externalMeterId"
EXTERNAL_FACILITY_ID: Annotated[str, _NAME] = "externalFacilityId"
TIME_ZONE: Annotated[str, _NAME] = "timeZone"
PROPERTIES: Annotated[str, Known("assumed", "a list of name, value, unit")] = "properties"
RESOLUTION: Annotated[str, _NAME] = "resolution"
TRIGGERED_AT: Annotated[str, _NAME] = "triggeredAt"
THRESHOLD: Annotated[str, _NAME] = "threshold"
DESCRIPTION: Annotated[str, _NAME] = "description"
STATUS: Annotated[str, _NAME] = "status"
CREATED: Annotated[str, _NAME] = "created"
UPDATED: Annotated[str, _NAME] = "updated"
DELETED: Annotated[str, _NAME] = "deleted"
ERRORS: Annotated[str, _NAME] = "errors"
ERROR_PATH: Annotated[str, _NAME] = "path"
ERROR_EXTERNAL_ID: Annotated[str, _NAME] = "externalId"
ERROR_MESSAGE: Annotated[str, _NAME] = "message"

# Provisioning
ACCEPTED: Annotated[int, _SEED] = 202
ALREADY_REPORTED: Annotated[int, Known("seed", "same data set; its id is of the earlier run")] = 208
COMPLETED: Annotated[str, Known("assumed", "without regard to letter case")] = "completed"
COMPLETED_WITH_ERRORS: Annotated[str, Known("assumed")] = "completedwitherrors"
FAILED: Annotated[str, Known("assumed", "any other word is not final")] = "failed"

# Timestamps
TIMESTAMP_FORMAT: Annotated[str, Known("seed", "UTC with seconds, no fraction")] = (
    "%Y-%m-%dT%H:%M:%SZ"
)
HOUR_LABEL: Annotated[timedelta, Known("assumed", "an hour's timestamp is its start")] = timedelta(
    0
)
"""What is added to the start of an hour to get its timestamp: nothing, or an hour."""

# Limits
REQUESTS_PER_DAY: Annotated[int, Known("seed", "per key in 24 hours; rolling is assumed")] = 40_000
PUSH_HOURS: Annotated[int, Known("seed", "365 days; as elapsed hours is assumed")] = 8_760
READ_METERS: Annotated[int, Known("assumed", "100 are taken; half of it is asked")] = 50
READ_MONTHS: Annotated[int, Known("assumed", "120 are taken; less is asked")] = 36
READ_DAYS: Annotated[int, Known("assumed", "31 is the smallest limit thought of")] = 31
FACILITIES_AT_ONCE: Annotated[int, Known("assumed")] = 100
