"""Everything that is Enlighten's in OAuth: paths, members, lives of tokens, names of refusals.

Grades as in the wires of the dialects: *verified* (official text or a captured answer), *inferred*
(reported by users), *assumed* (nobody says).
"""

from datetime import timedelta
from typing import Final

# -- paths ---------------------------------------------------------------------------- verified
AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
SHOWN_CODE: Final = "/oauth/redirect_uri"  # the vendor's own page, which only shows the code

# -- members -------------------------------------------------------------------------- verified
# The official samples put the parameters of a POST into the query; a form works too (inferred) and
# keeps them out of URLs.
GRANT_TYPE: Final = "grant_type"
BY_CODE: Final = "authorization_code"
BY_REFRESH: Final = "refresh_token"
ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - a member's name
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - a member's name
EXPIRES_IN: Final = "expires_in"  # seconds, about a day
USER: Final = "enl_uid"  # number of the owner, as a text

# -- lives ---------------------------------------------------------------------------- verified
REFRESH_LIFE: Final = timedelta(days=30)  # "one month" since 2023-10-16; a week before

# -- refusals --------------------------------------------------------------------------------
INVALID_GRANT: Final = "invalid_grant"  # verified; its status is assumed to be 400
UNKNOWN_CLIENT: Final = ("unauthorized", "invalid_client", "unauthorized_client")  # assumed: 401
ACCESS_DENIED: Final = "access_denied"  # verified: in the redirect of an owner who said no
