"""What checks have in common: the days and sites they look at, and how findings are shown.

What is judged is in `checks.py`, `gateway_checks.py` and `key_checks.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from energy_pipeline.calendar import Days
from energy_pipeline.defs.metadata import Figures, Value, table
from energy_pipeline.defs.partitions import days_of
from energy_pipeline.steps.inspection import Finding

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def checked_days(context: dg.AssetCheckExecutionContext) -> Days:
    """Return the UTC days of the run that the check is part of."""
    span = context.partition_key_range
    return days_of([span.start, span.end])


def checked_sites(context: dg.AssetCheckExecutionContext) -> list[str]:
    """Return the sites to which the run narrows the checked asset; none: all.

    What is wrong with another site must not stop a run that leaves it out.
    """
    ops: Any = context.run.run_config.get("ops", {})
    assets = {key.asset_key.to_python_identifier() for key in context.selected_asset_check_keys}
    configs = [ops.get(asset, {}).get("config", {}) for asset in assets]
    return [site for config in configs for site in config.get("sites", ())]


def result_of(
    findings: Sequence[Finding],
    severity: dg.AssetCheckSeverity,
    description: str,
    figures: Mapping[str, Value | dg.MetadataValue],
) -> dg.AssetCheckResult:
    """Pass without findings; else show them. A page shows the last run alone: say of which days."""
    rows: list[Figures] = [
        {name: _shown(value) for name, value in finding.items()} for finding in findings
    ]
    return dg.AssetCheckResult(
        passed=not findings,
        severity=severity,
        description=f"{description}: {len(findings)}" if findings else None,
        metadata=dict(figures) | table("findings", rows),
    )


def looked_at(context: dg.AssetCheckExecutionContext) -> dict[str, Value]:
    """Return the figures that name the days and the sites of a check."""
    sites = ", ".join(sorted(checked_sites(context))) or "all"
    return {"days": str(checked_days(context)), "sites": sites}


def _shown(value: object) -> str:
    return f"{value:,.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
