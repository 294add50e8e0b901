"""OAuth over HTTP, below `/oauth`: the consent page, the token endpoint, the page with the code.

Calls here cost no hit. A failure that loses the answer (`drop`, `cut`) strikes the token endpoint
after its work is done: the old refresh token is used up and the new one reaches nobody.
"""

import base64
import binascii
from collections.abc import Mapping

import orjson
from starlette.responses import Response

from energy_pipeline.simulators.enlighten import consent
from energy_pipeline.simulators.enlighten.accounts import Application
from energy_pipeline.simulators.enlighten.face import Face, Passage
from energy_pipeline.simulators.enlighten.failing import failed_answer
from energy_pipeline.simulators.enlighten.oauth.tokens import InvalidGrant

_SIGN_IN_FAILED = "Email or password is wrong."


class OAuthFace(Face):
    """The ASGI application below `/oauth`."""

    async def respond(self, passage: Passage) -> Response:
        """Answer one request."""
        await self.linger(passage)
        match (passage.request.method, passage.path.rstrip("/")):
            case ("GET", "/authorize"):
                return self._ask(passage)
            case ("POST", "/authorize"):
                return await self._decide(passage)
            case ("GET", "/redirect_uri"):
                code = passage.request.query_params.get("code", "")
                return consent.code_page("Authorization code", "Copy this code:", code)
            case ("POST", "/token"):
                return await self._token(passage)
            case _:
                return _json(405, {"reason": "405", "message": ["Method not allowed"]})

    def _ask(self, passage: Passage) -> Response:
        params = passage.request.query_params
        application = self._application(params.get("client_id"))
        problem = _problem(params, application)
        if problem is not None or application is None:
            return consent.problem_page(problem or "", 400)
        return consent.consent_page(application, _kept(passage, params))

    async def _decide(self, passage: Passage) -> Response:
        form = await consent.form_of(passage.request)
        application = self._application(form.get("client_id"))
        problem = _problem(form, application)
        if problem is not None or application is None:
            return consent.problem_page(problem or "", 400)
        kept = _kept(passage, form)
        address, state = kept["redirect_uri"], form.get("state")
        if form.get("decision") != "approve":
            return consent.sent_back(address, error="access_denied", state=state)
        owner = consent.owner_of(form, self.state.fleet)
        if owner is None:
            return consent.consent_page(application, kept, _SIGN_IN_FAILED)
        code = self.state.tokens.give_code(application, address, owner.user_id, passage.now)
        return consent.sent_back(address, code=code, state=state)

    async def _token(self, passage: Passage) -> Response:
        failure = self.draw_failure(passage)
        if failure is not None and failure not in ("drop", "cut"):
            return failed_answer(failure)
        answer = await self._granted(passage)
        return answer if failure is None else failed_answer(failure)

    async def _granted(self, passage: Passage) -> Response:
        """Return new tokens, or why there are none."""
        application = self._application_of(passage.request.headers.get("authorization", ""))
        if application is None:
            return _refused(401, "unauthorized", "Bad credentials")
        members = {
            **passage.request.query_params,
            **await consent.form_of(passage.request),
        }
        try:
            user_id = self._user(members, application, passage)
        except InvalidGrant as invalid:
            return _refused(400, "invalid_grant", str(invalid))
        if user_id is None:
            found = members.get("grant_type", "")
            return _refused(400, "unsupported_grant_type", f"Unsupported grant type: {found}")
        state = self.state
        return _json(200, state.tokens.tokens(application, user_id, passage.now, state.switches))

    def _user(
        self, members: Mapping[str, str], application: Application, passage: Passage
    ) -> str | None:
        """Return whom the new tokens speak for; None for another way of asking."""
        office, now = self.state.tokens, passage.now
        match members.get("grant_type"):
            case "authorization_code":
                address = members.get("redirect_uri", "")
                return office.redeem(members.get("code", ""), application, address, now)
            case "refresh_token":
                token = members.get("refresh_token", "")
                return office.exchange(token, application, now, self.state.switches)
            case _:
                return None

    def _application(self, client_id: str | None) -> Application | None:
        known = self.state.fleet.applications
        return next((each for each in known if each.client_id == client_id), None)

    def _application_of(self, authorization: str) -> Application | None:
        """Return the application that proves itself with its secret."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        application = self._application(client_id)
        proven = application is not None and application.client_secret == secret
        return application if scheme.lower() == "basic" and proven else None


def _problem(params: Mapping[str, str], application: Application | None) -> str | None:
    """Return why the owner cannot be asked."""
    if application is None:
        return f"No application has the client_id {params.get('client_id', '')!r}."
    response_type = params.get("response_type")
    if response_type != "code":
        return f"The response_type is {response_type!r}; only 'code' is served."
    address = params.get("redirect_uri")
    if address is not None and not consent.is_web_address(address):
        return f"The redirect_uri {address!r} is no web address."
    return None


def _kept(passage: Passage, params: Mapping[str, str]) -> dict[str, str]:
    """Return what the form carries along; without an address, the code is only shown."""
    shown_here = str(passage.request.url.replace(path="/oauth/redirect_uri", query=""))
    kept = {"redirect_uri": shown_here, **params}
    names = ("response_type", "client_id", "redirect_uri", "state")
    return {name: kept[name] for name in names if name in kept}


def _refused(status: int, error: str, description: str) -> Response:
    return _json(status, {"error": error, "error_description": description})


def _json(status: int, body: Mapping[str, object]) -> Response:
    headers = {"Cache-Control": "no-store"}
    media_type = "application/json; charset=utf-8"
    return Response(orjson.dumps(body), status, headers, media_type)
