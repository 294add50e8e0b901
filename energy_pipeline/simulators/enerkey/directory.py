"""Who and what there is now: customers, their profiles, and the tenant above them.

Provisioning changes it (`imports`); everything else only looks into it.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from energy_pipeline.simulators.enerkey.profile import Meter, Profile
from energy_pipeline.simulators.enerkey.tenant import Tenant


class Directory:
    """All customers and profiles.

    Args:
        profiles: those that exist from the start.
        tenant: the space above them.

    Attributes:
        lock: to be held by who reads and then changes.
        customers: as snapshots gave them, by externalCustomerId.
        product_codes: the service packages that there are.

    Raises:
        ValueError: a facility or a meter has its id twice.
    """

    def __init__(self, profiles: Sequence[Profile], tenant: Tenant) -> None:
        _check_ids(profiles)
        self.lock = threading.RLock()
        self.customers = {str(each["externalCustomerId"]): each for each in tenant.customers}
        self.product_codes = tenant.product_codes
        self._profiles = list(profiles)
        self._above = Profile(meters=(), facilities=(), keys=tenant.keys)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The profiles, in the order in which they came to be."""
        return tuple(self._profiles)

    def all(self) -> tuple[Profile, ...]:
        """Return the profiles, and last the empty one that the tenant's own keys open."""
        return (*self._profiles, self._above)

    def profile_of(self, customer: str) -> Profile | None:
        """Return the profile of a customer."""
        return next((each for each in self._profiles if each.customer == customer), None)

    def meter(self, meter_id: int) -> Meter:
        """Return a meter of any profile.

        Raises:
            KeyError: there is none.
        """
        for each in self._profiles:
            if meter_id in each.meter_by_id:
                return each.meter_by_id[meter_id]
        raise KeyError(meter_id)

    def put(self, profile: Profile) -> None:
        """Add the profile of a customer, or replace the one that it has."""
        with self.lock:
            old = self.profile_of(str(profile.customer))
            if old is None:
                self._profiles.append(profile)
            else:
                self._profiles[self._profiles.index(old)] = profile

    def remove(self, customer: str) -> Profile | None:
        """Take the profile of a customer away and return it; None when it has none."""
        with self.lock:
            old = self.profile_of(customer)
            if old is not None:
                self._profiles.remove(old)
            return old

    def replace(
        self, customers: Iterable[Mapping[str, object]], profiles: Iterable[Profile]
    ) -> None:
        """Put other customers and profiles in the place of all that there are."""
        with self.lock:
            self.customers = {str(each["externalCustomerId"]): each for each in customers}
            self._profiles = list(profiles)

    def next_facility_id(self) -> int:
        """Return an id that no facility has or is to have."""
        return _next(facility.id for each in self._profiles for facility in each.facilities)

    def next_meter_id(self) -> int:
        """Return an id that no meter has or is to have."""
        return _next(meter.id for each in self._profiles for meter in each.meters)


def _next(ids: Iterable[int]) -> int:
    return max(ids, default=0) + 1


def _check_ids(profiles: Sequence[Profile]) -> None:
    meters = Counter(meter.id for profile in profiles for meter in profile.meters)
    facilities = Counter(each.id for profile in profiles for each in profile.facilities)
    for counts in (meters, facilities):
        twice = sorted(id for id, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"an id occurs in two profiles: {twice}")
