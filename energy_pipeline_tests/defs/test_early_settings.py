"""What definitions read of the environment while they load."""

import pytest

from energy_pipeline.defs.early_settings import early_settings
from energy_pipeline.errors import ConfigurationError


def test_one_variable_is_read_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENVOY_POLL_MINUTES", "10")
    monkeypatch.setenv("ENERGY_FIRST_DAY", "someday")
    assert early_settings("ENVOY_POLL_MINUTES").envoy_poll_minutes == 10
    with pytest.raises(ConfigurationError, match="someday"):
        early_settings("ENERGY_FIRST_DAY")


def test_what_is_not_set_is_the_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ENVOY_POLL_MINUTES", raising=False)
    assert early_settings("ENVOY_POLL_MINUTES").envoy_poll_minutes == 5
