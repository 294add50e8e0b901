"""The tenant's customers, facilities and meters, as a partner wants them to be in EnerKey.

Members are named as EnerKey names them. What several members may not say together, and what is
taken from the sites, is in `provisioning_rules`.
"""

from pathlib import Path

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from energy_pipeline.configuration.file_objects import Members
from energy_pipeline.configuration.found import problems_of
from energy_pipeline.configuration.located_yaml import LocatedYaml, load_yaml
from energy_pipeline.configuration.members import (
    Count,
    ExternalId,
    Flag,
    Id,
    Personal,
    Text,
    Zone,
)
from energy_pipeline.configuration.provisioning_rules import broken_rules, with_sites
from energy_pipeline.configuration.sites import ReadingKind, Registry
from energy_pipeline.errors import ConfigurationError

EXAMPLE = "provisioning.example.yaml"


class Customer(Members):
    """A customer; `externalCustomerId` also authorizes users where single sign-on is on."""

    externalCustomerId: ExternalId
    externalCustomerName: ExternalId
    productCode: Text
    companyOvt: Text | None = None
    streetAddress: Personal | None = None
    postalCode: Personal | None = None
    city: Personal | None = None
    country: Personal | None = None
    email: Personal | None = None
    phoneNumber: Personal | None = None


class Property(Members):
    """A property of a facility or meter, e.g. its area."""

    name: Text
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    unit: Text | None = None


class Meter(Members):
    """A meter; submeters measure a part of it."""

    externalMeterId: ExternalId
    name: Text
    quantityId: Id
    readingType: ReadingKind
    properties: tuple[Property, ...] = ()
    subMeters: "tuple[Meter, ...]" = ()


class Facility(Members):
    """A building or site of a customer."""

    externalFacilityId: ExternalId
    externalCustomerId: ExternalId
    name: Text
    streetAddress: Personal | None = None
    postalCode: Personal | None = None
    city: Personal | None = None
    country: Personal | None = None
    timeZone: Zone | None = None
    properties: tuple[Property, ...] = ()
    meters: tuple[Meter, ...] = ()


class Provisioning(Members):
    """Everything that the tenant is to hold.

    `complete` is the promise that the file lists every customer; `existing_customers` is what a
    person counts in EnerKey before the very first snapshot.
    """

    complete: Flag = False
    existing_customers: Count | None = None
    product_codes: tuple[Text, ...]
    customers: tuple[Customer, ...]
    facilities: tuple[Facility, ...] = ()


def load_provisioning(path: Path, registry: Registry) -> Provisioning:
    """Read and validate the provisioning file.

    Args:
        path: the file.
        registry: the sites; a facility whose id is that of a site is that site.

    Raises:
        ConfigurationError: every mistake of the file, with its line; no personal value is quoted.
    """
    document = load_yaml(path, EXAMPLE)
    problems = [*document.problems, *broken_rules(document, registry)]
    try:
        provisioning = Provisioning.model_validate(with_sites(document.data, registry))
    except ValidationError as error:
        problems.extend(problems_of(error, Provisioning, where=document.where))
    else:
        if not problems:
            return provisioning
    raise ConfigurationError(sorted(problems, key=LocatedYaml.order))
