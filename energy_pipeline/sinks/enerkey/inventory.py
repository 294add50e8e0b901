"""What exists in the profile, and whether a meter there is the one that `sites.yaml` means.

No unit travels with a push, and a key opens every meter of the profile: the comparison here is all
that stands between a slip in the file and a thousandfold value in a stranger's meter.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from energy_pipeline.configuration.sites import Upload
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.sinks.enerkey.answers import Facility, Meter, Quantity
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.units import parse_unit


async def fetch_meters(client: EnerKeyClient, now: datetime) -> pa.Table:
    """Walk the profile: quantities, facilities, the meters of each.

    Returns:
        Rows of `enerkey_meters`, one per meter, submeters included.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """
    quantities = await client.quantities()
    facilities = await client.facilities()
    meters = await client.meters([facility.id for facility in facilities])
    return meters_table(quantities, facilities, meters, now)


def meters_table(
    quantities: Iterable[Quantity],
    facilities: Iterable[Facility],
    meters: Iterable[Meter],
    fetched_at: datetime,
) -> pa.Table:
    """Return rows of `enerkey_meters`; a meter without a unit has that of its quantity."""
    quantity_by_id = {quantity.id: quantity for quantity in quantities}
    name_by_id = {facility.id: facility.name for facility in facilities}
    rows = [
        _row(meter, quantity_by_id.get(meter.quantity_id or 0), name_by_id, fetched_at)
        for meter in sorted(meters, key=lambda meter: (meter.facility_id, meter.id))
    ]
    return pa.Table.from_pylist(rows, schema=ENERKEY_METERS.schema)


def refusals(
    uploads: Iterable[Upload], meters: pa.Table, facilities: Collection[int] = ()
) -> dict[int, str]:
    """Return, by meter, why nothing is sent to it; meters that are as `sites.yaml` says are absent.

    Args:
        uploads: what `sites.yaml` says.
        meters: rows of `enerkey_meters`.
        facilities: those of the profile that is meant; of none named, any profile will do.
    """
    found = {row["meter_id"]: row for row in meters.to_pylist()}
    stranger = _other_profile(meters, facilities)
    reasons = {
        upload.meter_id: stranger or _refusal(upload, found.get(upload.meter_id), facilities)
        for upload in uploads
    }
    return {meter_id: reason for meter_id, reason in reasons.items() if reason}


def _other_profile(meters: pa.Table, facilities: Collection[int]) -> str:
    """Return why this is not the profile that is meant: it lacks a facility of it."""
    lacking = sorted(set(facilities) - set(meters["facility_id"].to_pylist()))
    if not lacking:
        return ""
    named = ", ".join(map(str, lacking))
    return (
        f"ENERKEY_FACILITIES names {named}, where the profile of the key has no meter: "
        "is it the key of another customer?"
    )


def _row(
    meter: Meter,
    quantity: Quantity | None,
    facility_names: Mapping[int, str],
    fetched_at: datetime,
) -> dict[str, Any]:
    return {
        "facility_id": meter.facility_id,
        "facility_name": facility_names.get(meter.facility_id),
        "meter_id": meter.id,
        "meter_name": meter.name,
        "quantity_id": meter.quantity_id,
        "quantity_name": quantity and quantity.name,
        "unit": meter.unit or (quantity and quantity.unit),
        "reading_type": meter.reading_type and meter.reading_type.lower(),
        "parent_meter_id": meter.parent_meter_id,
        "external_meter_id": meter.external_id,
        "fetched_at": fetched_at,
    }


def _refusal(upload: Upload, meter: Mapping[str, Any] | None, facilities: Collection[int]) -> str:
    if meter is None:
        return f"the EnerKey profile has no meter {upload.meter_id}"
    if facilities and meter["facility_id"] not in facilities:
        return f"its facility is {meter['facility_id']}, which ENERKEY_FACILITIES does not name"
    differences = [
        f"{what} is {in_enerkey} in EnerKey and {in_file} in sites.yaml"
        for what, in_enerkey, in_file in (
            ("its facility", meter["facility_id"], upload.facility_id),
            ("its unit", meter["unit"], upload.unit),
            ("its reading type", meter["reading_type"], upload.reading),
        )
        if in_enerkey is not None and in_file is not None and not _agree(what, in_enerkey, in_file)
    ]
    return "; ".join(differences)


def _agree(what: str, in_enerkey: object, in_file: object) -> bool:
    if what == "its unit":
        return parse_unit(str(in_enerkey)) == in_file
    return in_enerkey == in_file
