"""Pictures from EnerKey: reports of facilities, and what set an alarm off.

A picture is believed to be one by its signature and its end, not by what its header says.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.connection import LONG_READ_TIMEOUT_S, Connection, Request

ImageKind = Literal["report", "image"]
"""The full report, or the limited image that is meant as a part of something else."""
ImageFormat = Literal["png", "pdf"]

COLOR = re.compile(r"[0-9A-Fa-f]{6}")
MOST_COLORS = 16
_PATHS: dict[ImageKind, str] = {"report": wire.FACILITY_REPORT, "image": wire.FACILITY_IMAGE}
_MEDIA_TYPES: dict[ImageFormat, str] = {"png": wire.PNG, "pdf": wire.PDF}
_SIGNATURES: dict[ImageFormat, bytes] = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
_ENDS: dict[ImageFormat, bytes] = {"png": b"IEND", "pdf": b"%%EOF"}
_LAST_BYTES = 1_024  # where a whole picture has its end


@dataclass(frozen=True, slots=True)
class Wish:
    """How a picture is to be.

    Args:
        format: png or pdf.
        colors: six hex digits each, in the order of the series; none: EnerKey's own.
        year: of the data; None: EnerKey's choice.
    """

    format: ImageFormat = "png"
    colors: Sequence[str] = ()
    year: int | None = None

    @property
    def query(self) -> str:
        """The parameters, encoded: a raw number sign would begin a fragment."""
        pairs = [(wire.FORMAT, self.format)]
        pairs += [(wire.COLORS, wire.COLOR_FORMAT.format(digits=color)) for color in self.colors]
        pairs += [(wire.YEAR, str(self.year))] if self.year is not None else []
        return urlencode(pairs, quote_via=quote, safe="")


async def facility_image(
    connection: Connection, facility_id: int, kind: ImageKind, wish: Wish
) -> bytes:
    """Return a picture of a facility.

    Raises:
        NotFound: the profile has no such facility.
        SchemaSurprise: what came is no such picture.
        ServiceError: EnerKey does not answer or refuses.
        QuotaSpent: no request is left.
    """
    return await _image(connection, _PATHS[kind].format(facility_id=facility_id), wish)


async def alarm_image(connection: Connection, alarm_id: int, format: ImageFormat) -> bytes:
    """Return the picture of an alarm; needs a partner's key.

    Raises:
        AccessRefused: the key is no partner's.
        NotFound: there is no such alarm.
        SchemaSurprise: what came is no such picture.
        ServiceError: EnerKey does not answer or refuses.
        QuotaSpent: no request is left.
    """
    return await _image(connection, wire.ALARM_IMAGE.format(alarm_id=alarm_id), Wish(format))


async def _image(connection: Connection, path: str, wish: Wish) -> bytes:
    accept = _MEDIA_TYPES[wish.format]
    request = Request("GET", path, wish.query, accept=accept, read_timeout_s=LONG_READ_TIMEOUT_S)
    answer = await connection.read(request)
    found = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if found != accept or not _is_whole(answer.content, wish.format):
        message = f"found {found or 'nothing'} of {len(answer.content)} bytes; allowed: a whole "
        raise SchemaSurprise(message + wish.format, request=request.name, status=200)
    return answer.content


def _is_whole(content: bytes, format: ImageFormat) -> bool:
    return content.startswith(_SIGNATURES[format]) and _ENDS[format] in content[-_LAST_BYTES:]
