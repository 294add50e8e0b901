"""What a materialization says in the UI: numbers, one small table, one picture.

Dagster copies the metadata of a result to every partition of a range; so a result holds a few
numbers, figures of a day go to that day, and the table and the picture of a range to its last day,
which is the one that an asset's page shows. Names say what a figure is of: `days` names the range
that those of a result are of, `..._of_day` are the day's own.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import Workbench

Value = str | int | float
Figures = Mapping[str, Value]

TABLE_ROWS = 30  # a page shows no more without scrolling; the rest is in the dataset


def column_schema(dataset: Dataset) -> dict[str, dg.TableSchema | str]:
    """Return definition metadata: columns with types, units and meaning, and where files are."""
    columns = [
        dg.TableColumn(
            field.name,
            str(field.type),
            description=_described(field.metadata or {}),
            constraints=dg.TableColumnConstraints(nullable=field.nullable),
        )
        for field in dataset.schema
    ]
    where = f"{dataset.name}/date=YYYY-MM-DD/" if dataset.partitioned else f"{dataset.name}/"
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "store": f"{where}*.parquet"}


def kwh(energy_wh: float) -> float:
    """Return energy for a person to read: kWh to the watt-hour."""
    return round(energy_wh / 1000, 3)


def _described(metadata: Mapping[bytes, bytes]) -> str:
    text, unit = (metadata.get(name, b"").decode() for name in (b"description", b"unit"))
    return f"{text} [{unit}]" if unit and f"in {unit}" not in text else text


def table(name: str, rows: Sequence[Figures]) -> dict[str, dg.MetadataValue]:
    """Return rows as a table of that name, nothing without rows.

    What does not fit is counted in words in a last row.
    """
    if not rows:
        return {}
    shown = [dg.TableRecord(dict(row)) for row in rows[:TABLE_ROWS]]
    if len(rows) > TABLE_ROWS:
        first = next(iter(rows[0]))
        blank: dict[str, Value] = {column: "" for column in rows[0]}
        shown.append(dg.TableRecord(blank | {first: f"and {len(rows) - TABLE_ROWS} more"}))
    schema = dg.TableSchema(columns=[dg.TableColumn(column, "string") for column in rows[0]])
    return {name: dg.MetadataValue.table(shown, schema=schema)}


def picture(png: bytes) -> dg.MetadataValue:
    """Return a PNG as something that the page shows inline."""
    return dg.MetadataValue.md(
        f"![picture](data:image/png;base64,{base64.b64encode(png).decode()})"
    )


def add_days(
    context: dg.AssetExecutionContext, bench: Workbench, dataset: Dataset, days: Days
) -> None:
    """Give every day of the run its own rows and, where the dataset has energy, its kWh."""
    sites = [site.id for site in bench.registry.sites]
    for day, known in bench.store.coverage(dataset, days, sites).items():
        figures: dict[str, Value] = {
            "dagster/partition_row_count": sum(entry.rows for entry in known.values())
        }
        if "energy_wh" in dataset.schema.names and dataset.belongs != "instant":  # no counters
            figures |= _kwh_of_day(known.values())
        context.add_asset_metadata(figures, asset_key=dataset.name, partition_key=str(day))


def _kwh_of_day(entries: Iterable[Coverage]) -> dict[str, float]:
    energy_wh: dict[str, float] = {}
    for entry in entries:
        name = f"kwh_{entry.stream}_of_day" if entry.stream else "kwh_of_day"
        energy_wh[name] = energy_wh.get(name, 0.0) + entry.energy_wh
    return {name: kwh(wh) for name, wh in energy_wh.items()}


def add_to_last_day(
    context: dg.AssetExecutionContext, days: Days, shown: Mapping[str, dg.MetadataValue]
) -> None:
    """Attach what is too large for every day to the last day of the run."""
    context.add_asset_metadata(shown, partition_key=str(days.last))
