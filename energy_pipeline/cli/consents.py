"""The two kinds of consent: what the owner is asked, and how the answer opens the systems.

Dialect v4 sends back a code, which becomes tokens; v2 sends back the user id itself.
"""

import secrets
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from energy_pipeline.cli.answer_page import Members, same
from energy_pipeline.configuration.site_entries import Access
from energy_pipeline.errors import AccessRefused, EnergyPipelineError
from energy_pipeline.http.redaction import install_log_redaction
from energy_pipeline.sources.enlighten.oauth import wire
from energy_pipeline.sources.enlighten.v2 import consent as v2
from energy_pipeline.steps.enlighten_authorization import application_of, open_consents
from energy_pipeline.workbench import Workbench

_REQUEST = "Enlighten authorization"


class Consent(Protocol):
    """One question to an owner.

    Attributes:
        path: of the address to which the browser comes back.
        shown_at: where the vendor itself shows the answer, for somebody who copies it; None: on
            the page of the question.
    """

    path: str
    shown_at: str | None

    def url(self, redirect: str | None) -> str:
        """Return the page on which the owner is asked; the answer goes to `redirect`."""
        ...

    def belongs(self, members: Members) -> bool:
        """Tell whether these are an answer to this question."""
        ...

    def copied(self, text: str) -> Members:
        """Return the answer that a person has copied.

        Raises:
            EnergyPipelineError: there is no answer to this question in the text.
        """
        ...

    async def access(self, members: Members, redirect: str | None) -> Access:
        """Use the answer.

        Raises:
            EnergyPipelineError: it gives no access.
        """
        ...


class CodeConsent:
    """The consent of dialect v4.

    Args:
        bench: application, state and clock.
        owner: as the site file calls the owner; empty where it names none.
        replace: tokens of another user may be replaced.

    Raises:
        ConfigurationError: the environment does not name the application.
    """

    path = "/"

    def __init__(self, bench: Workbench, owner: str, *, replace: bool) -> None:
        self._application = application_of(bench.settings)
        self._consents = open_consents(bench)
        self._first = None if owner else bench.settings.enlighten_refresh_token
        self._owner = owner
        self._replace = replace
        self._state = secrets.token_urlsafe(24)
        self.shown_at: str | None = f"{self._application.base_url}{wire.SHOWN_CODE}"

    def url(self, redirect: str | None) -> str:  # noqa: D102 - see the protocol
        return self._application.authorization_url(redirect or "", self._state)

    def belongs(self, members: Members) -> bool:  # noqa: D102 - see the protocol
        is_answer = "code" in members or "error" in members
        return is_answer and same(members.get("state"), self._state)

    def copied(self, text: str) -> Members:  # noqa: D102 - see the protocol
        members = dict(parse_qsl(urlsplit(text).query))
        if "code" not in members and "error" not in members and len(text.split()) == 1:
            return {"code": text.strip()}  # a person, not a browser, has brought it
        if self.belongs({"state": self._state, **members}):
            return members
        raise EnergyPipelineError(
            "the text is not the answer to this question; allowed: the code that the page shows, "
            "or the address to which it has led"
        )

    async def access(self, members: Members, redirect: str | None) -> Access:  # noqa: D102
        if "code" not in members:
            raise _refused(members)
        await self._consents.accept(
            self._owner,
            SecretStr(members["code"]),
            redirect or "",
            first=self._first,
            replace=self._replace,
        )
        return Access("v4", owner=self._owner)


class UserIdConsent:
    """The consent of dialect v2.

    Args:
        root: of the vendor's web site.
        app_id: the application's number.
    """

    shown_at: str | None = None

    def __init__(self, root: str, app_id: str) -> None:
        self._root = root
        self._app_id = app_id
        self.path = f"/{secrets.token_urlsafe(24)}"  # nobody else knows it: v2 has no state

    def url(self, redirect: str | None) -> str:  # noqa: D102 - see the protocol
        return v2.authorization_url(self._root, self._app_id, redirect)

    def belongs(self, members: Members) -> bool:  # noqa: D102 - see the protocol
        return v2.user_id_of(members) is not None

    def copied(self, text: str) -> Members:  # noqa: D102 - see the protocol
        user_id = v2.user_id_in(text)
        if user_id is None:
            raise EnergyPipelineError(
                "there is no user id in the text, or more than one; allowed: the user id, the "
                f"address with {v2.USER_ID}=…, the header {v2.USER_ID_HEADER}, or the page's text"
            )
        return {v2.USER_ID: user_id.get_secret_value()}

    async def access(self, members: Members, redirect: str | None) -> Access:  # noqa: ARG002, D102
        user_id = v2.user_id_of(members)
        if user_id is None:
            raise _refused(members)
        install_log_redaction([user_id.get_secret_value()])
        return Access("v2", user_id=user_id)


def _refused(members: Mapping[str, str]) -> AccessRefused:
    said = members.get("error", "")
    why = "the owner said no" if said == wire.ACCESS_DENIED else "the consent failed"
    message = f"{why}: no access was given and nothing was changed"
    return AccessRefused(message, request=_REQUEST)
