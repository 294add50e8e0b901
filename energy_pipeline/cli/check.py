"""`energy-pipeline check`: is the configuration right?

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


def run_check() -> None:
    """Print the sites.

    Raises:
        ConfigurationError: every mistake of the configuration.
    """
    settings = load_settings(os.environ)
    registry = load_registry(settings.energy_sites_file, settings)
    results().print(site_table(registry))
    problems = missing_credentials(registry, settings, SystemClock().now())
    try:
        gateway_tokens(registry, os.environ)
    except ConfigurationError as error:
        problems += error.problems
    if problems:
        raise ConfigurationError(problems)
