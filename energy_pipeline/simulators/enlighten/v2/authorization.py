"""Dialect v2: the page on which an owner gives an application access and gets to know the user id.

Below `/app_user_auth`; the application's developer hands out its address with `app_id`, and with
`redirect` where the owner is to come back to a web application.
"""

from collections.abc import Mapping

from starlette.responses import Response

from energy_pipeline.simulators.enlighten import consent
from energy_pipeline.simulators.enlighten.accounts import Application
from energy_pipeline.simulators.enlighten.face import Face, Passage

_USER_ID_HEADER = "enlighten-api-user-id"


class AuthorizationPage(Face):
    """The ASGI application below `/app_user_auth`."""

    async def respond(self, passage: Passage) -> Response:
        """Answer one request."""
        request = passage.request
        if passage.path.rstrip("/") != "/new" or request.method not in ("GET", "POST"):
            return consent.problem_page("There is no such page.", 404)
        form = await consent.form_of(request)
        asked = {**request.query_params, **form}
        application = self._application(asked.get("app_id"))
        if application is None:
            return consent.problem_page(f"No application has the number {asked.get('app_id')!r}.")
        address = asked.get("redirect")
        if address is not None and not consent.is_web_address(address):
            return consent.problem_page(f"The address {address!r} is no web address.")
        kept = {name: asked[name] for name in ("app_id", "redirect") if name in asked}
        if request.method == "GET":
            return consent.consent_page(application, kept)
        return self._decided(application, form, kept)

    def _decided(
        self, application: Application, form: Mapping[str, str], kept: Mapping[str, str]
    ) -> Response:
        if form.get("decision") != "approve":
            return consent.page("No access", "<p>The application was given no access.</p>")
        owner = consent.owner_of(form, self.state.fleet)
        if owner is None:
            return consent.consent_page(application, kept, "Email or password is wrong.")
        address = kept.get("redirect")
        if address is not None:
            answer: Response = consent.sent_back(address, user_id=owner.user_id)
        else:
            answer = consent.code_page("Access given", "Your user id:", owner.user_id)
        answer.headers[_USER_ID_HEADER] = owner.user_id
        return answer

    def _application(self, app_id: str | None) -> Application | None:
        known = self.state.fleet.applications
        return next((each for each in known if each.app_id == app_id), None)
