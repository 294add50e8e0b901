"""What a dry run of an upload says: an observation of the asset, since nothing is made.

A table with a line per meter, under the names that EnerKey has for it.
"""

import dagster as dg

from energy_pipeline.defs.metadata import Figures, Value, table
from energy_pipeline.sinks.enerkey.messages import decimal_text
from energy_pipeline.steps.upload_rehearsal import MeterRehearsal, RehearsalReport
from energy_pipeline.steps.upload_rows import UPLOADS


def observe_rehearsal(context: dg.AssetExecutionContext, report: RehearsalReport) -> None:
    """Write down what an upload would send."""
    rows = [_row(each) for each in report.meters]
    hours = sum(len(each.amounts) for each in report.meters)
    figures: dict[str, Value | dg.MetadataValue] = {
        "days": str(report.days),
        "hours_to_send": hours,
        "messages_to_send": sum(each.messages for each in report.meters),
        "requests_spent": report.requests_spent,
    }
    for row in rows:
        said = (f"{name} {each}" for name, each in row.items() if each != "")
        context.log.info("dry run: " + ", ".join(said))
    context.log.info(f"dry run: nothing was sent; {hours} hours would be")
    key = UPLOADS[report.kind].name
    context.log_event(dg.AssetObservation(key, metadata=figures | table("would be sent", rows)))


def _row(each: MeterRehearsal) -> Figures:
    ats, amounts = list(each.amounts), list(each.amounts.values())
    return {
        "site": each.site,
        "stream": each.stream,
        "meter": f"{each.meter_id} {each.meter}".rstrip(),
        "facility": each.facility,
        "hours": len(ats),
        "from": f"{ats[0]:%Y-%m-%d %H:%M} UTC" if ats else "",
        "to": f"{ats[-1]:%Y-%m-%d %H:%M} UTC" if ats else "",
        "least": f"{decimal_text(min(amounts))} {each.unit}" if amounts else "",
        "most": f"{decimal_text(max(amounts))} {each.unit}" if amounts else "",
        "messages": each.messages,
        "there already": each.there,
        "held": "; ".join(f"{count} x {reason}" for reason, count in each.held.items()),
        "nothing is sent": each.problem,
    }
