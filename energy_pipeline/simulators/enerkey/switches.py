"""Everything that the vendor's public text leaves open, as one frozen set of switches.

Each switch is a row of the assumptions table of the wire contract; its number stands beside it. The
defaults are the contract. Not offered, because the contract gives them no shape on the wire:
paging, GUID ids, facilities per customer, one path for both images, named colours, the vendor's own
normalization.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self, get_args, get_origin, get_type_hints

RepushConsumption = Literal["sum", "overwrite_hour", "timestamp_upsert", "reject", "keep_first"]
RepushCumulative = Literal["timestamp_upsert", "reject", "keep_first"]
HourLabel = Literal["start", "end"]
TimestampGrammar = Literal["seconds_with_offset", "fractions_ok", "naive_as_utc", "naive_as_local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the simulated service behaves where nobody knows how the real one does.

    Raises:
        ValueError: a value that the switch does not have; the message lists the allowed ones.
    """

    # Facts of the vendor that a test may shrink.
    daily_request_limit: int = 40_000
    # How long a snapshot waits and is worked on; nobody has said.
    provisioning_queued_s: float = 5.0
    provisioning_worked_s: float = 20.0
    # Transport.
    path_prefix: str = "/api/v2"  # A1
    route_style: Literal["group_action_case_insensitive", "lowercase_rest"] = (
        "group_action_case_insensitive"  # A2; the other: all lower case, matched exactly
    )
    json_naming: Literal["camelCase", "PascalCase"] = "camelCase"  # A3
    list_parameters: Literal["repeated", "comma", "post_body"] = "repeated"  # A5
    id_type: Literal["int32", "int64"] = "int32"  # A7
    # Keys and authorization.
    auth_value: Literal["raw", "apikey_scheme", "bearer_scheme"] = "raw"  # A8
    key_validity: Literal["half_open_utc", "inclusive_utc", "half_open_helsinki"] = (
        "half_open_utc"  # A9
    )
    key_scopes: Literal["profile_tenant_partner", "partner_flag_on_tenant"] = (
        "profile_tenant_partner"  # A10
    )
    denial_codes: Literal["401_403_404", "all_401", "all_403", "scope_404"] = "401_403_404"  # A11
    service_not_enabled: Literal[403, 401, 404] = 403  # A66
    # Rate limit.
    rate_window: Literal["rolling", "fixed_from_first", "calendar_day"] = "rolling"  # A12
    rate_headers: Literal["both", "single_only", "trio_only"] = "both"  # A13
    rate_rejection: Literal["text_429_retry_after", "problem_429", "gateway_403", "problem_503"] = (
        "text_429_retry_after"  # A14
    )
    burst_limit: Literal["off", "20_per_10s"] = "off"  # A15
    rate_counting: Literal["accepted_only", "all"] = "accepted_only"  # A16
    # Time and reading.
    response_offset: Literal["offset_of_from", "utc", "zone_local"] = "offset_of_from"  # A17
    response_offset_default: Literal["Z", "zone_local"] = "Z"  # A18
    range_bounds: Literal["half_open", "closed"] = "half_open"  # A19
    hour_label: HourLabel = "start"  # A20
    month_definition: Literal["facility_zone", "request_offset", "utc"] = "facility_zone"  # A21
    get_range_max: Literal["8760h_120mo_100meters", "none", "31_days"] = (
        "8760h_120mo_100meters"  # A22
    )
    missing_values: Literal["omitted", "null_value"] = "omitted"  # A23
    timestamp_grammar: TimestampGrammar = "seconds_with_offset"  # A24
    unknown_ids_in_list: Literal["omit", "404_all"] = "omit"  # A64
    # Push.
    push_meter_position: Literal["path", "query", "body"] = "path"  # A25
    push_body: Literal["bare_array", "object_values", "object_meterid_values"] = "bare_array"  # A26
    push_success: Literal["200_summary", "200_empty", "202_async", "204_empty"] = (
        "200_summary"  # A27
    )
    push_atomicity: Literal["all_or_nothing", "partial"] = "all_or_nothing"  # A28
    push_span: Literal[
        "elapsed_8760h", "last_minus_first_365d", "local_days_365", "rows_8760", "elapsed_8784h"
    ] = "elapsed_8760h"  # A29
    push_age: Literal["none", "max_365d"] = "none"  # A30
    push_future: Literal["refuse_not_started", "accept", "refuse_not_finished"] = (
        "refuse_not_started"  # A31
    )
    repush_consumption: RepushConsumption = "sum"  # A32
    repush_cumulative: RepushCumulative = "timestamp_upsert"  # A33
    cumulative_same_hour: Literal["sum_of_differences", "last_reading_wins", "readings_summed"] = (
        "sum_of_differences"  # A34
    )
    cumulative_gap: Literal["spread_evenly", "last_hour", "left_empty"] = "spread_evenly"  # A35
    cumulative_decrease: Literal["refuse_422", "register_change", "negative"] = "refuse_422"  # A36
    wrong_endpoint: Literal["refuse_422", "misread"] = "refuse_422"  # A37
    negative_consumption: Literal["accept", "refuse_400"] = "accept"  # A38
    max_body_bytes: int = 30_000_000  # A39
    empty_array: Literal["refuse_400", "noop"] = "refuse_400"  # A40
    bad_value: Literal["refuse_400", "numeric_strings_ok"] = "refuse_400"  # A41
    read_back_delay_seconds: float = 0.0  # A42
    # Provisioning.
    customers_endpoint: Literal["post_bare_array", "put_bare_array", "post_object"] = (
        "post_bare_array"  # A43
    )
    facilities_endpoint: Literal["post_object_facilities", "post_bare_array"] = (
        "post_object_facilities"  # A44
    )
    status_parameter: Literal["query_id", "path", "query_provisioningId"] = "query_id"  # A45
    provisioning_id: Literal["guid", "integer"] = "guid"  # A46
    accepted_body: Literal["object_id", "json_string", "location_header"] = "object_id"  # A47
    same_snapshot_test: Literal["canonical_json_last_not_failed", "bytes", "normalized_hash"] = (
        "canonical_json_last_not_failed"  # A48
    )
    status_values: Literal[
        "Queued_Processing_Completed_CompletedWithErrors_Failed", "lower_case", "numeric"
    ] = "Queued_Processing_Completed_CompletedWithErrors_Failed"  # A49
    overlapping_runs: Literal["conflict_409", "queued", "last_wins"] = "conflict_409"  # A50
    empty_customers_snapshot: Literal["delete_all", "refuse_400"] = "delete_all"  # A51
    missing_facility_or_meter: Literal["keep", "delete"] = "keep"  # A52
    deletion: Literal["immediate_hard", "soft"] = "immediate_hard"  # A53
    duplicate_external_ids: Literal["refuse_400", "last_wins"] = "refuse_400"  # A54
    product_code_type: Literal["string", "integer"] = "string"  # A55
    # Actions, images, alarms.
    action_update: Literal["put_full_replace", "post_update"] = "put_full_replace"  # A56
    action_concurrency: Literal["last_write_wins", "etag_if_match"] = "last_write_wins"  # A57
    color_format: Literal["hex6", "hash_encoded"] = "hex6"  # A59
    alarm_endpoints: Literal["resource_paths", "query_id"] = "resource_paths"  # A60
    # Shapes and errors.
    facility_properties: Literal["list", "flat", "dictionary"] = "list"  # A61
    meter_hierarchy: Literal["nested", "flat_parent_id"] = "nested"  # A62
    error_body: Literal["problem_json", "gateway_json", "text", "html", "empty"] = (
        "problem_json"  # A63
    )

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            found = getattr(self, name)
            if get_origin(kind) is Literal and found not in get_args(kind):
                allowed = ", ".join(str(choice) for choice in get_args(kind))
                raise ValueError(f"switch {name}: found {found!r}; allowed: {allowed}")
        if self.daily_request_limit < 1:
            raise ValueError(
                f"switch daily_request_limit: found {self.daily_request_limit}; allowed: 1 or more"
            )
        if (self.push_meter_position == "body") != (self.push_body == "object_meterid_values"):
            raise ValueError(
                "switches push_meter_position=body and push_body=object_meterid_values "
                "only make sense together"
            )

    @classmethod
    def from_pairs(cls, pairs: Iterable[str]) -> Self:
        """Build switches from `key=value` texts, as a command line or a file has them.

        Raises:
            ValueError: unknown key, missing `=` or a value that the switch does not have.
        """
        defaults = {field.name: field.default for field in fields(cls)}
        values: dict[str, object] = {}
        for pair in pairs:
            name, equals, text = pair.partition("=")
            if not equals or name not in defaults:
                known = ", ".join(sorted(defaults))
                raise ValueError(f"switch: found {pair!r}; allowed: key=value with one of {known}")
            values[name] = _value(name, text, type(defaults[name]))
        return cls(**values)  # pyright: ignore[reportArgumentType]

    def changed(self) -> Mapping[str, object]:
        """Return the switches that differ from the contract, for a banner."""
        default = asdict(type(self)())
        return {name: value for name, value in asdict(self).items() if value != default[name]}


def _value(name: str, text: str, kind: type) -> object:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"switch {name}: found {text!r}; allowed: {kind.__name__}") from None
