"""How an owner's consent becomes a user id in dialect v2.

The vendor names the user in the redirect, in a header of its answer, or in the answer's body; a
person may have any of them at hand.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from pydantic import SecretStr

PAGE: Final = "/app_user_auth/new"  # seed
USER_ID: Final = "user_id"  # seed: member of the redirect's query
USER_ID_HEADER: Final = "enlighten-api-user-id"  # seed

_NAMED = re.compile(
    rf"(?:{USER_ID_HEADER}|\b{USER_ID})[\"']?\s*[:=]\s*[\"']?([!-~]+?)(?=[\"'&<\s,}}]|$)",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{2}){4,}(?![0-9A-Za-z])")
_WORD = re.compile(r"[0-9A-Za-z]{6,}")


def authorization_url(root: str, app_id: str, redirect: str | None = None) -> str:
    """Return the page on which an owner gives an application access.

    Args:
        root: of the vendor's web site.
        app_id: the application's number, from its Authorization URL.
        redirect: where the browser goes with the user id; None: the page shows it.
    """
    members = {"app_id": app_id} | ({"redirect": redirect} if redirect else {})
    return f"{root}{PAGE}?{urlencode(members)}"


def user_id_of(members: Mapping[str, str]) -> SecretStr | None:
    """Return the user id among the members of a query, a form or headers (small letters)."""
    found = members.get(USER_ID) or members.get(USER_ID_HEADER)
    return SecretStr(found) if found else None


def user_id_in(text: str) -> SecretStr | None:
    """Return the user id in what a person copies: itself, an address, headers, JSON or a page.

    None when there is no user id in it, or more than one.
    """
    named = {match[1] for match in _NAMED.finditer(text)}
    found = named or {word for word in _HEX.findall(text) if _is_user_id(word)}
    if not found and _WORD.fullmatch(text.strip()):
        found = {text.strip()}
    return SecretStr(found.pop()) if len(found) == 1 else None


def _is_user_id(word: str) -> bool:
    """Tell whether a word is the hex of the Base64 of a number, as user ids are."""
    try:
        number = base64.b64decode(bytes.fromhex(word))
    except (ValueError, binascii.Error):
        return False
    return number.isdigit()
