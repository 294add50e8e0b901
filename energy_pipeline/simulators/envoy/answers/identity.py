"""`/info` and `/home.json`: who the gateway is."""

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zoneinfo import ZoneInfo

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.hardware import Hardware

_PACKAGES = (("rootfs", "500-00001-r01", "02.00.00"), ("app", "500-00002-r01", ""))


def info(hardware: Hardware, shown_s: int, *, names_type: bool = True) -> Answer:
    """Return the identity in XML; the one path that is open to everybody.

    Args:
        hardware: the gateway.
        shown_s: its own time, epoch seconds.
        names_type: the answer has a Content-Type.
    """
    root = Element("envoy_info")
    _text(root, "time", shown_s)
    device = SubElement(root, "device")
    _text(device, "sn", hardware.serial)
    _text(device, "pn", hardware.part_number)
    _text(device, "software", hardware.software)
    for name, value in (("euaid", "4c8675"), ("seqnum", 0), ("apiver", 1)):
        _text(device, name, value)
    _text(device, "imeter", str(hardware.is_metered).lower())
    _text(root, "web-tokens", "true")
    numbers = hardware.version
    for name, part_number, version in _PACKAGES:
        package = SubElement(root, "package", name=name)
        _text(package, "pn", part_number)
        _text(package, "version", version or ".".join(f"{number:02}" for number in numbers))
        _text(package, "build", "1211")
    build = SubElement(root, "build_info")
    _text(build, "build_id", "simulated")
    _text(build, "build_time_gmt", 1_722_440_021)
    indent(root, "\t")
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)
    return Answer(body, "static", content_type="text/xml" if names_type else None)


def home(hardware: Hardware, shown_s: int, *, heard: int = 0) -> Answer:
    """Return network and local time.

    Args:
        hardware: the gateway.
        shown_s: its own time, epoch seconds.
        heard: number of inverters that are heard.
    """
    local = datetime.fromtimestamp(shown_s, ZoneInfo(hardware.timezone))
    none = {"num": 0, "level": 0}
    document = {
        "software_build_epoch": 1_722_440_021,
        "timezone": hardware.timezone,
        "current_date": f"{local:%m/%d/%Y}",
        "current_time": f"{local:%H:%M}",
        "network": {
            "web_comm": True,
            "ever_reported_to_enlighten": True,
            "last_enlighten_report_time": shown_s - shown_s % 900,
            "primary_interface": "eth0",
            "interfaces": [_interface()],
        },
        "tariff": "none",
        "comm": {
            "num": heard,
            "level": 5,
            "pcu": {"num": heard, "level": 5},
            "acb": none,
            "nsrb": none,
            "esub": none,
            "encharge": [{"num": hardware.batteries, "level": 0}],
        },
        "alerts": [],
        "update_status": "satisfied",
    }
    return json_answer("ui", document)


def _interface() -> dict[str, object]:
    return {
        "type": "ethernet",
        "interface": "eth0",
        "mac": "02:00:00:00:00:01",
        "dhcp": True,
        "ip": "192.0.2.10",
        "signal_strength": 1,
        "signal_strength_max": 1,
        "carrier": True,
    }


def _text(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)
