"""The state database of the tests of this folder, in both kinds."""

from energy_pipeline_tests.state.conftest import clock, state, state_url  # noqa: F401 - fixtures
