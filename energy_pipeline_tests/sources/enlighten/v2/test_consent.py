"""The user id of dialect v2 in everything that a person may copy."""

import pytest

from energy_pipeline.simulators.enlighten.dataset import user_id_of as simulated
from energy_pipeline.sources.enlighten.v2.consent import authorization_url, user_id_in, user_id_of

USER_ID = "4d6a51330a"


@pytest.mark.parametrize(
    "text",
    [
        USER_ID,
        f"  {USER_ID}\n",
        f"http://127.0.0.1:8123/x?user_id={USER_ID}&a=b",
        f"HTTP/1.1 200 OK\r\nEnlighten-API-User-ID: {USER_ID}\r\nStatus: 200\r\n",
        f'{{"user_id": "{USER_ID}", "app_id": 14}}',
        f"<p>Your user id:</p><p><code>{USER_ID}</code></p><p>deadbeef00</p>",
        f"Your user id: {USER_ID}. The application is 1409612345678.",
        f"enlighten-api-user-id: {USER_ID}\n\nuser_id={USER_ID}",
    ],
)
def test_it_is_found(text: str):
    found = user_id_in(text)
    assert found is not None
    assert found.get_secret_value() == USER_ID


@pytest.mark.parametrize("text", ["", "no access", f"{USER_ID} {simulated(2)}", "user_id: "])
def test_it_is_not_guessed(text: str):
    assert user_id_in(text) is None


def test_members_of_a_query_or_of_headers():
    assert user_id_of({}) is None
    for name in ("user_id", "enlighten-api-user-id"):
        found = user_id_of({name: USER_ID})
        assert found is not None
        assert found.get_secret_value() == USER_ID


def test_the_page_is_asked_to_send_the_browser_back():
    root = "https://enlighten.enphaseenergy.com"
    assert authorization_url(root, "14") == f"{root}/app_user_auth/new?app_id=14"
    assert authorization_url(root, "14", "http://127.0.0.1:1/x") == (
        f"{root}/app_user_auth/new?app_id=14&redirect=http%3A%2F%2F127.0.0.1%3A1%2Fx"
    )
