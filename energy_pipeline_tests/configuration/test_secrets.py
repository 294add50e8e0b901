from pathlib import Path

from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.secrets import known_secrets
from energy_pipeline.configuration.sites import load_registry

EXAMPLES = Path(__file__).parents[2]


def test_every_secret_of_environment_and_sites_is_known() -> None:
    secrets = {
        "ENLIGHTEN_API_KEY": "the-application-key",
        "ENLIGHTEN_CLIENT_SECRET": "the-client-secret",
        "ENPHASE_PASSWORD": "the-owners-password",
        "ENERKEY_API_KEY_A": "the-profile-key-a",
        "ENERKEY_TENANT_KEY_B": "the-tenant-key-b",
        "ENERGY_STATE_URL": "postgresql://user:the-database-password@db/state",
    }
    settings = load_settings(secrets | {"ENLIGHTEN_API": "v2"}, dotenv=None)
    registry = load_registry(EXAMPLES / "sites.example.yaml", settings)
    user_ids = {
        site.enlighten.user_id.get_secret_value()
        for site in registry.sites
        if site.enlighten and site.enlighten.user_id
    }

    assert user_ids
    assert set(known_secrets(settings, registry)) == set(secrets.values()) | user_ids
