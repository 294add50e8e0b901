"""Who granted access to which sites: one list of systems each."""

from pydantic import SecretStr

from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.steps.enlighten_users import users_of
from energy_pipeline_tests.steps.benches import a_site

ONE, TWO = SecretStr("4d6a51330a"), SecretStr("4d7a45774e6a41320a")


def test_v2_has_a_list_for_each_user_and_v4_for_each_authorization() -> None:
    accesses = {
        "a": EnlightenAccess(api="v2", system_id=1, user_id=ONE),
        "b": EnlightenAccess(api="v4", system_id=2),
        "c": EnlightenAccess(api="v2", system_id=3, user_id=TWO),
        "d": EnlightenAccess(api="v4", system_id=4, owner="larkspur"),
        "e": EnlightenAccess(api="v4", system_id=5, user_id=ONE),
        "f": EnlightenAccess(api="v2", system_id=6, user_id=ONE),
        "g": None,
    }
    sites = [a_site(id).model_copy(update={"enlighten": access}) for id, access in accesses.items()]

    users = users_of(sites)

    assert [[site.id for site in user.sites] for user in users] == [
        ["a", "f"],
        ["b", "e"],
        ["c"],
        ["d"],
    ]
    assert [user.access for user in users] == [accesses[id] for id in ("a", "b", "c", "d")]
