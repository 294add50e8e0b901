"""What definitions need of the environment while they load, before any run has begun."""

import os

from energy_pipeline.configuration.environment import Settings, load_settings


def early_settings(variable: str) -> Settings:
    """Read one variable alone: a mistake elsewhere is a run's, not the code location's.

    Raises:
        ConfigurationError: it cannot be used.
    """
    environ = {variable: os.environ[variable]} if variable in os.environ else {}
    return load_settings(environ, dotenv=None)
