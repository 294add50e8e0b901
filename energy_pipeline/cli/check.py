"""`energy-pipeline check`: is the configuration right, and do the owners' authorizations hold?

What may be written is decided in `configuration/`.
"""

import os

from energy_pipeline.cli.site_table import site_table
from energy_pipeline.cli.terminal import results
from energy_pipeline.clock import SystemClock
from energy_pipeline.configuration.credentials import gateway_tokens, missing_credentials
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import ConfigurationError
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
    problems = missing_credentials(registry, settings, now)
    try:
        gateway_tokens(registry, os.environ)
    except ConfigurationError as error:
        problems += error.problems
    if not problems:  # an authorization needs its application
        said, problems = authorizations(settings, registry, now)
        results().print("\n".join(said), end="\n" if said else "", markup=False, soft_wrap=True)
    if problems:
        raise ConfigurationError(problems)
