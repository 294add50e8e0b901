"""Foreign words without personal data: EnerKey's messages may quote what a snapshot holds."""

import re
from collections.abc import Collection

from energy_pipeline.http.redaction import HIDDEN

_SHORTEST = 3  # a country's two letters are in every other word


def without_personal(text: str, values: Collection[str]) -> str:
    """Return `text` with every personal value of a snapshot hidden.

    Args:
        text: what EnerKey said.
        values: addresses, e-mails and phone numbers; those of two letters stay, as whole words
            too: they name no one.
    """
    known = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)
    if not known:
        return text
    return re.sub("|".join(map(re.escape, known)), HIDDEN, text, flags=re.IGNORECASE)
