"""The simulator's whole state as JSON: the values, and what provisioning has made.

Of provisioning these are the customers, the facilities and meters of their profiles, and the runs.
Profiles without a customer are of whoever builds the simulator. What a soft deletion holds back
(`deletion`) and changed actions are not kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.profile import Facility, Meter, Profile
from energy_pipeline.simulators.enerkey.runs import Result, Run, Runs
from energy_pipeline.simulators.enerkey.values import Values

_PROVISIONED = "provisioned"
_INSTANTS = ("received_at", "starts_at", "ends_at")


class State:
    """What outlives a simulator.

    Args:
        values: of all meters.
        directory: customers and profiles.
        runs: of provisioning.
        file: loaded when it exists, and written with every change; None for no file.

    Raises:
        ValueError: the file is not a dump.
    """

    def __init__(
        self, values: Values, directory: Directory, runs: Runs, file: Path | None = None
    ) -> None:
        self._values = values
        self._directory = directory
        self._runs = runs
        self._file = file
        if file is not None and file.exists():
            self.load(orjson.loads(file.read_bytes()))
        values.on_change = runs.on_change = self.save

    def dump(self) -> dict[str, object]:
        """Return everything; instants of values are seconds since 1970 UTC."""
        provisioned = {
            "customers": list(self._directory.customers.values()),
            "profiles": [_profile(each) for each in _of_customers(self._directory.profiles)],
            "runs": [asdict(run) for run in self._runs.all()],
        }
        return {**self._values.dump(), _PROVISIONED: provisioned}

    def load(self, dump: Mapping[str, Any]) -> None:
        """Replace everything by a dump; one without provisioning replaces the values alone.

        Raises:
            ValueError: it is not a dump; nothing was replaced.
        """
        found: Mapping[str, Any] | None = dump.get(_PROVISIONED)
        try:
            kept = None if found is None else _read(found, self._directory.profiles)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a dump of the simulator's state: {error!r}") from error
        self._values.load(dump)
        if kept is not None:
            customers, profiles, runs = kept
            self._directory.replace(customers, profiles)
            self._runs.replace(runs)
        self.save()

    def save(self) -> None:
        """Write the file, whole or not at all; nothing without one."""
        if self._file is None:
            return
        with self._values.lock:  # the last one to be taken by anybody
            new = self._file.with_name(self._file.name + ".new")
            new.write_bytes(orjson.dumps(self.dump()))
            new.replace(self._file)


def _of_customers(profiles: Sequence[Profile]) -> Iterator[Profile]:
    return (each for each in profiles if each.customer is not None)


def _profile(profile: Profile) -> dict[str, object]:
    return {
        "customer": profile.customer,
        "facilities": [asdict(each) for each in profile.facilities],
        "meters": [asdict(each) for each in profile.meters],
    }


def _read(
    dump: Mapping[str, Any], profiles: Sequence[Profile]
) -> tuple[list[Mapping[str, object]], list[Profile], list[Run]]:
    """Return customers, all profiles and runs; keys and quantities of a known profile stay."""
    known = {each.customer: each for each in _of_customers(profiles)}
    others = [each for each in profiles if each.customer is None]
    own = [
        replace(
            known.get(each["customer"], Profile((), (), keys=(), customer=each["customer"])),
            facilities=tuple(_facility(facility) for facility in each["facilities"]),
            meters=tuple(Meter(**meter) for meter in each["meters"]),
        )
        for each in dump["profiles"]
    ]
    return list(dump["customers"]), [*others, *own], [_run(run) for run in dump["runs"]]


def _facility(dump: Mapping[str, Any]) -> Facility:
    members: dict[str, Any] = {**dump, "properties": tuple(dump["properties"])}
    return Facility(**members)


def _run(dump: Mapping[str, Any]) -> Run:
    members = dict(dump)
    members |= {name: datetime.fromisoformat(dump[name]) for name in _INSTANTS}
    members["result"] = None if dump["result"] is None else Result(**dump["result"])
    return Run(**members)
