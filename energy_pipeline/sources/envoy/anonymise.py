"""Answers of a gateway made anonymous: every serial, MAC, address and name becomes another one.

The same original has the same pseudonym in all files, so that they still fit together. Nothing else
of a text changes: a broken body stays broken in the same way.
"""

import ipaddress
import re
from collections.abc import Mapping

from energy_pipeline.http.redaction import redact

_NAMES = "ssid|essid|hostname|username|email|euaid"
_IDENTIFIER = re.compile(
    rf"""
    "(?P<member>{_NAMES})"(?P<between>\s*:\s*")(?P<value>[^"]+)  # "ssid": "…
    | <euaid>(?P<euaid>[^<]+)
    | (?P<email>[\w.+-]+@[\w-]+\.[\w.-]*\w)
    | (?<![0-9A-Za-z:-])(?P<mac>(?:[0-9A-Fa-f]{{2}}[:-]){{5}}[0-9A-Fa-f]{{2}})(?![0-9A-Za-z:-])
    | (?<![\w:.])(?P<ipv6>(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f]{{0,4}})(?![\w:.])
    | (?<![\w./-])(?P<ipv4>\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?![\w.])
    | (?<![\w.+-])(?P<serial>\d{{12}})(?![\d.])
    """,
    re.VERBOSE | re.IGNORECASE,
)


def anonymised(texts: Mapping[str, str], serial: str) -> dict[str, str]:
    """Return the texts without anything that tells whose gateway it is.

    Args:
        texts: bodies by any name.
        serial: of the gateway, which is replaced wherever it stands.
    """
    pseudonyms = _Pseudonyms(serial)
    return {name: redact(pseudonyms.put_into(text)) for name, text in texts.items()}


class _Pseudonyms:
    """Gives every original a number of its kind, in the order of appearance."""

    def __init__(self, serial: str) -> None:
        self._serial = serial
        self._numbers: dict[str, dict[str, int]] = {}
        self._number("serial", serial)

    def put_into(self, text: str) -> str:
        """Return the text with pseudonyms in place of the originals."""
        replaced = _IDENTIFIER.sub(self._replacement, text)
        return replaced.replace(self._serial, self._of_serial(self._serial))

    def _number(self, kind: str, original: str) -> int:
        numbers = self._numbers.setdefault(kind, {})
        return numbers.setdefault(original.lower(), len(numbers) + 1)

    def _replacement(self, match: re.Match[str]) -> str:
        groups = match.groupdict()
        if member := groups["member"]:
            value = f"{member}-{self._number(member, groups['value'])}"
            return f'"{member}"{groups["between"]}{value}'
        if euaid := groups["euaid"]:
            return f"<euaid>{self._number('euaid', euaid):06x}"
        if email := groups["email"]:
            return f"user{self._number('email', email)}@example.com"
        if mac := groups["mac"]:
            return self._of_mac(mac)
        if address := groups["ipv4"] or groups["ipv6"]:
            return self._of_address(address)
        return self._of_serial(match.group())

    def _of_serial(self, serial: str) -> str:
        return f"{900_000_000_000 + self._number('serial', serial)}"

    def _of_mac(self, mac: str) -> str:
        separator = mac[2]
        number = self._number("mac", mac.replace(separator, ":"))
        return separator.join(["02", "00", "00", "00", f"{number >> 8:02X}", f"{number & 255:02X}"])

    def _of_address(self, text: str) -> str:
        """Return an address of the ranges for documentation; masks and the like stay."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if address.is_unspecified or address.is_loopback or text.startswith("255."):
            return text
        number = self._number(f"ipv{address.version}", text)
        if address.version == 6:
            return f"2001:db8::{number:x}"
        return f"192.0.2.{number}" if number < 255 else f"198.18.{number >> 8}.{number & 255}"
