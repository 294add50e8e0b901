"""`energy-pipeline check`: is the configuration right, and do the owners' authorizations hold?

What may be written is decided in `configuration/`.
"""

import os
from collections.abc import Sequence

from energy_pipeline.cli.site_table import site_table
from energy_pipeline.cli.terminal import results
from energy_pipeline.clock import SystemClock
from energy_pipeline.configuration.credentials import gateway_tokens, missing_credentials
from energy_pipeline.configuration.environment import Settings, load_settings
from energy_pipeline.configuration.provisioning import load_provisioning
from energy_pipeline.configuration.sites import Registry, load_registry
from energy_pipeline.configuration.unread_variables import unread_variables
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.sinks.enerkey.session import keys_of
from energy_pipeline.steps.authorization_standing import authorizations


def run_check() -> None:
    """Print the sites, and until when refresh tokens hold.

    Raises:
        ConfigurationError: every mistake of the configuration; without one, every authorization
            that is missing or refused.
        StoreError: the state database cannot be read.
    """
    settings = load_settings(os.environ)
    registry = load_registry(settings.energy_sites_file, settings)
    results().print(site_table(registry))
    now = SystemClock().now()
    problems = [*unread_variables(registry), *missing_credentials(registry, settings, now)]
    try:
        gateway_tokens(registry, os.environ)
    except ConfigurationError as error:
        problems += error.problems
    problems += _provisioning(settings, registry)
    if not problems:  # an authorization needs its application
        said, problems = authorizations(settings, registry, now)
        results().print("\n".join(said), end="\n" if said else "", markup=False, soft_wrap=True)
    if problems:
        raise ConfigurationError(problems)


def _provisioning(settings: Settings, registry: Registry) -> Sequence[Problem]:
    """Say what the provisioning file holds, where there is one; return its mistakes."""
    path = settings.energy_provisioning_file
    if not path.exists():
        return ()
    try:
        file = load_provisioning(path, registry)
    except ConfigurationError as error:
        return error.problems
    held = f"{path}: {len(file.customers)} customers, {len(file.facilities)} facilities"
    is_on = bool(keys_of(settings, "TENANT"))
    told = held if is_on else f"{held}; provisioning is off: no ENERKEY_TENANT_KEY_A"
    results().print(told, markup=False, soft_wrap=True)
    return ()
