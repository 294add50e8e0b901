"""The body of a push: from JSON to rows, and every rule that one message can break on its own.

What a message does to stored values is in `repush`; the operations are in `pushes`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property

from energy_pipeline.simulators.enerkey.answers import Refusal, wire_name
from energy_pipeline.simulators.enerkey.instants import (
    DAY_S,
    HOUR_S,
    hour_of,
    parse_instant,
    to_datetime,
)
from energy_pipeline.simulators.enerkey.profile import ReadingType
from energy_pipeline.simulators.enerkey.repush import Row, labelled_hour
from energy_pipeline.simulators.enerkey.switches import Switches

LONGEST_DAYS = 365
_LONGEST_S = LONGEST_DAYS * DAY_S


class _BadRow(Exception):
    """What is wrong with one row: the member and the sentence about it."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(member, message)
        self.member = member
        self.message = message


@dataclass(frozen=True)
class Message:
    """A push that was read.

    Attributes:
        rows: the rows that are good, in the order of the message.
        errors: what is wrong with the others, by member; only under partial acceptance do good
            rows beside errors mean anything.
        received: how many rows the message had.
    """

    rows: list[Row]
    errors: dict[str, list[str]]
    received: int


@dataclass(frozen=True)
class MessageRules:
    """How the body of a push is read."""

    switches: Switches
    kind: ReadingType
    zone: tzinfo
    now: datetime

    @cached_property
    def _names(self) -> tuple[str, str]:
        return wire_name("timestamp", self.switches), wire_name("value", self.switches)

    @cached_property
    def _now_s(self) -> float:
        return self.now.timestamp()

    def read(self, document: object) -> Message:
        """Return the rows of a message.

        Raises:
            Refusal: 400, the message as a whole is wrong: not an array, empty, too long a span.
        """
        listed, prefix = self._list(document)
        if not listed and self.switches.empty_array == "refuse_400":
            raise Refusal(400, errors={"$": ["At least one row is required."]})
        message = Message([], {}, len(listed))
        for index, item in enumerate(listed):
            try:
                message.rows.append(self._row(item))
            except _BadRow as bad:
                member = f"{prefix}[{index}]" + (f".{bad.member}" if bad.member else "")
                message.errors.setdefault(member, []).append(bad.message)
        self._check_span(message.rows)
        return message

    def _list(self, document: object) -> tuple[list[object], str]:
        """Return the rows as they came and how errors name the array."""
        prefix = ""
        if self.switches.push_body != "bare_array":
            prefix = wire_name("values", self.switches)
            allowed = {prefix}
            if self.switches.push_body == "object_meterid_values":
                allowed.add(wire_name("meterId", self.switches))
            if not isinstance(document, dict) or set(document) != allowed:
                members = ", ".join(sorted(allowed))
                raise Refusal(400, errors={"$": [f"An object with {members} is required."]})
            document = document[prefix]
        if not isinstance(document, list):
            raise Refusal(400, errors={prefix or "$": ["An array of rows is required."]})
        return document, prefix

    def _row(self, item: object) -> Row:
        timestamp, value = self._names
        if not isinstance(item, dict):
            raise _BadRow("", "An object is required.")
        unknown = item.keys() - {timestamp, value}
        if unknown:
            raise _BadRow(min(unknown), "The member is not known.")
        text = item.get(timestamp)
        if not isinstance(text, str):
            raise _BadRow(timestamp, f"The {timestamp} field is required.")
        try:
            at_s = parse_instant(text, self.switches.timestamp_grammar, self.zone).at_s
        except ValueError as error:
            raise _BadRow(timestamp, str(error)) from None
        self._check_age(timestamp, at_s)
        return Row(at_s, self._number(value, item.get(value)))

    def _number(self, member: str, found: object) -> float:
        if isinstance(found, str) and self.switches.bad_value == "numeric_strings_ok":
            try:
                found = float(found)
            except ValueError:
                found = None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise _BadRow(member, "A number is required.")
        number = float(found)
        if not math.isfinite(number):
            raise _BadRow(member, "A finite number is required.")
        is_amount = self.kind == "consumption"
        if number < 0 and is_amount and self.switches.negative_consumption == "refuse_400":
            raise _BadRow(member, "The value must not be negative.")
        return number

    def _check_age(self, member: str, at_s: int) -> None:
        """Refuse what has not happened yet, and what is too old where age matters."""
        now_s = self._now_s
        start_s, end_s = at_s, at_s
        if self.kind == "consumption":
            start_s = labelled_hour(at_s, self.switches.hour_label)
            end_s = start_s + HOUR_S
        future = self.switches.push_future
        if future == "refuse_not_started" and start_s > now_s:
            raise _BadRow(member, "The hour has not started.")
        if future == "refuse_not_finished" and end_s > now_s:
            raise _BadRow(member, "The hour has not ended.")
        if self.switches.push_age == "max_365d" and start_s < now_s - _LONGEST_S:
            raise _BadRow(member, f"The hour is more than {LONGEST_DAYS} days ago.")

    def _check_span(self, rows: Sequence[Row]) -> None:
        if rows and not self._fits(rows):
            raise Refusal(
                400, errors={"$": [f"At most {LONGEST_DAYS} days are allowed in one message."]}
            )

    def _fits(self, rows: Sequence[Row]) -> bool:
        first_s, last_s = (hour_of(pick(row.at_s for row in rows)) for pick in (min, max))
        match self.switches.push_span:
            case "elapsed_8760h":
                return last_s + HOUR_S - first_s <= _LONGEST_S
            case "elapsed_8784h":
                return last_s + HOUR_S - first_s <= _LONGEST_S + DAY_S
            case "last_minus_first_365d":
                return last_s - first_s <= _LONGEST_S
            case "rows_8760":
                return len(rows) <= _LONGEST_S // HOUR_S
            case "local_days_365":
                dates = [
                    to_datetime(at_s).astimezone(self.zone).date() for at_s in (first_s, last_s)
                ]
                return (dates[1] - dates[0]).days < LONGEST_DAYS
