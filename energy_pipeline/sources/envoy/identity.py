"""Who a gateway is: `/info`, which it tells anybody."""

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.envoy.wire import LAST_SECOND

_REQUEST = "GET /info"
_STATUS = 200


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """What a gateway says of itself.

    Args:
        serial: 12 digits, as on the label.
        part_number: of the hardware; None when not given.
        software: version without its letter, `8.3.5289`; None when not given.
        has_meter: whether there is a meter chip; None on old gateways, which do not say.
        wants_token: firmware 7 and later; older ones know digest only.
        clock: the gateway's own time, aware; None when not given.
    """

    serial: str
    part_number: str | None
    software: str | None
    has_meter: bool | None
    wants_token: bool
    clock: datetime | None


def parse_info(content: bytes) -> GatewayInfo:
    """Read `/info`.

    Raises:
        SchemaSurprise: not XML, XML with a document type or entities, or no serial number.
    """
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        message = f"the body is no plain XML: {type(error).__name__}"
        raise SchemaSurprise(message, request=_REQUEST, status=_STATUS) from None
    serial = _text(root, "device/sn")
    if serial is None:
        message = "envoy_info.device.sn: found nothing; allowed: a serial number"
        raise SchemaSurprise(message, request=_REQUEST, status=_STATUS)
    software = _text(root, "device/software")
    return GatewayInfo(
        serial=serial,
        part_number=_text(root, "device/pn"),
        software=_without_letter(software) if software else None,
        has_meter=_truth(root, "device/imeter"),
        wants_token=bool(_truth(root, "web-tokens")),
        clock=_instant(_text(root, "time")),
    )


def _text(root: Element, path: str) -> str | None:
    return (root.findtext(path) or "").strip() or None


def _truth(root: Element, path: str) -> bool | None:
    return {"true": True, "false": False}.get(_text(root, path) or "")


def _without_letter(version: str) -> str:
    return version[1:] if version[:1].isalpha() else version


def _instant(digits: str | None) -> datetime | None:
    second = int(digits) if digits and digits.isdecimal() else 0
    return datetime.fromtimestamp(second, UTC) if 0 < second < LAST_SECOND else None
