"""Variables of `.env` that nothing reads: behind a misspelt name a default is in force, unseen.

Only `check` looks for them. A variable that is not needed stops no run.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from energy_pipeline.configuration.dotenv_file import read_dotenv
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.errors import Problem

_OURS = ("ENERGY_", "ENLIGHTEN_", "ENPHASE_", "ENVOY_", "ENERKEY_")
_ALIKE = 0.8  # a letter or a word away, by the measure of difflib


def unread_variables(registry: Registry, dotenv: Path = Path(".env")) -> Iterator[Problem]:
    """Yield the variables of the file that begin as ours do, and that no setting or site names.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    tokens = {site.envoy.token_env for site in registry.sites if site.envoy}
    for name, variable in read_dotenv(dotenv).items():
        if name.startswith(_OURS) and name not in PATH_OF_VARIABLE and name not in tokens:
            meant = get_close_matches(name, PATH_OF_VARIABLE, n=1, cutoff=_ALIKE)
            allowed = f"{meant[0]}, or another one" if meant else "one"
            found = "a variable that nothing reads"
            yield Problem(variable.where, name, found, f"{allowed} of .env.example")
