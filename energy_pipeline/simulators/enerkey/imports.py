"""What a snapshot does to the tenant: customers with their profiles, facilities and meters.

The customers snapshot is the whole truth: whoever is not in it is deleted, profile, keys, meters
and values included.
"""

from collections.abc import Mapping
from dataclasses import replace

from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.facility_imports import import_facility, keep_only
from energy_pipeline.simulators.enerkey.profile import Profile
from energy_pipeline.simulators.enerkey.runs import Result, Run
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline.simulators.enerkey.values import Values


class Imports:
    """Does the work of provisioning runs.

    Args:
        directory: what is changed.
        values: those of deleted meters are dropped.
        switches: how it is done where nobody knows.
    """

    def __init__(self, directory: Directory, values: Values, switches: Switches) -> None:
        self._directory = directory
        self._values = values
        self._switches = switches
        self._deleted: dict[str, Profile] = {}

    def do(self, run: Run) -> Result:
        """Bring a snapshot in, all of it or, by its fate, all but the last object, or nothing."""
        if run.fate == "failed":
            return Result(errors=[_error("$", None, "The import failed.")], is_failed=True)
        result = Result()
        items = list(enumerate(run.items))
        if run.fate == "partial" and items:
            index, item = items.pop()
            id = item.get("externalCustomerId")
            result.errors.append(_error(f"[{index}]", id, "The object could not be imported."))
        with self._directory.lock:
            if run.kind == "customers":
                self._customers(dict(items), run, result)
            else:
                self._facilities(dict(items), run, result)
        return result

    def _customers(self, items: Mapping[int, dict], run: Run, result: Result) -> None:
        named = {str(item["externalCustomerId"]) for item in run.items}
        for gone in self._directory.customers.keys() - named:
            self._delete(gone)
            result.deleted += 1
        for index, item in items.items():
            code = str(item["productCode"])
            if code in self._directory.product_codes:
                self._put(item, result)
                continue
            said = f"Unknown product code '{code}'."
            id = item["externalCustomerId"]
            result.errors.append(_error(f"[{index}].productCode", id, said))

    def _put(self, customer: dict, result: Result) -> None:
        id = str(customer["externalCustomerId"])
        before = self._directory.customers.get(id)
        result.created += before is None
        result.updated += before is not None and before != customer
        self._directory.customers[id] = customer
        if self._directory.profile_of(id) is None:
            empty = Profile(meters=(), facilities=(), keys=(), customer=id)
            self._directory.put(self._deleted.pop(id, empty))

    def _delete(self, customer: str) -> None:
        del self._directory.customers[customer]
        profile = self._directory.remove(customer)
        if profile is None:
            return
        if self._switches.deletion == "soft":
            self._deleted[customer] = profile
        else:
            for meter in profile.meters:
                self._values.forget(meter)

    def _facilities(self, items: Mapping[int, dict], run: Run, result: Result) -> None:
        for index, item in items.items():
            profile = self._directory.profile_of(str(item["externalCustomerId"]))
            if profile is None:
                id = item["externalFacilityId"]
                said = f"There is no customer '{item['externalCustomerId']}'."
                place = f"facilities[{index}].externalCustomerId"
                result.errors.append(_error(place, id, said))
                continue
            counted = import_facility(self._directory, profile, item)
            result.created += counted.created
            result.updated += counted.updated
            result.errors += [
                _error(f"facilities[{index}]", id, said) for id, said in counted.errors
            ]
        if self._switches.missing_facility_or_meter == "delete":
            self._keep_only(run, result)

    def _keep_only(self, run: Run, result: Result) -> None:
        for profile in self._directory.profiles:
            kept = keep_only(profile, run.items)
            gone = set(profile.meters) - set(kept.meters)
            for meter in gone:
                self._values.forget(meter)
            result.deleted += len(gone) + len(profile.facilities) - len(kept.facilities)
            self._directory.put(replace(profile, meters=kept.meters, facilities=kept.facilities))


def _error(path: str, external_id: object, message: str) -> dict[str, object]:
    return {"path": path, "externalId": external_id, "message": message}
