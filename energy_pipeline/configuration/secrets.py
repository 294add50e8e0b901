"""Every secret that the configuration holds, for those who must keep them out of sight."""

from collections.abc import Iterator

from pydantic import SecretStr

from energy_pipeline.configuration.environment import KeySlot, Settings
from energy_pipeline.configuration.sites import Registry


def known_secrets(settings: Settings, registry: Registry) -> Iterator[str]:
    """Yield the values of all secrets of the environment and the site file."""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        secret = value.value if isinstance(value, KeySlot) else value
        if isinstance(secret, SecretStr):
            yield secret.get_secret_value()
    for site in registry.sites:
        if site.enlighten is not None and site.enlighten.user_id is not None:
            yield site.enlighten.user_id.get_secret_value()
