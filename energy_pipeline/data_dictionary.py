"""The data dictionary for people, written from `schema.py`.

python -m energy_pipeline.data_dictionary > docs/data_dictionary.md
"""

import pyarrow as pa

from energy_pipeline.dataset import Belongs, Dataset
from energy_pipeline.schema import DATASETS

_OPENING = """\
# Data dictionary

Written by `python -m energy_pipeline.data_dictionary` from `energy_pipeline/schema.py`;
change it there.

The store's root is `ENERGY_DATA_URI` (`data` by default). Every dataset is a folder of Parquet
files: `<dataset>/date=YYYY-MM-DD/part.parquet` for datasets by UTC day (readers that know hive
folders show one more column, `date`), `<dataset>/part.parquet` for the others.

```python
pandas.read_parquet("data/hourly_energy")
pyarrow.dataset.dataset("data/hourly_energy", partitioning="hive")
duckdb.sql("SELECT * FROM 'data/hourly_energy/*/*.parquet'")
polars.scan_parquet("data/hourly_energy")
```

Instants are UTC. What is not known has no row or is null: it is never zero. Units and descriptions
are in the metadata of each field (`unit`, `description`).

A file is replaced as a whole: a reader finds the old or the new one. DuckDB and Polars open a file
twice; in the very moment of a replacement they may report an error, and reading again helps.
"""

_DAY_RULES: dict[Belongs, str] = {
    "start_of_interval": "that in which the interval starts, "
    "so `{at}` 00:00 lies in the day that ends there",
    "hour": "that of `{at}`",
    "end_of_hour": "that in which the hour starts, so `{at}` 00:00 lies in the day that ends "
    "there; the opening value, at the site's start, lies in the site's first day",
    "instant": "that of `{at}`; 00:00 lies in the day that ends there",
    "whole": "",
}


def data_dictionary() -> str:
    """Return the data dictionary as Markdown."""
    return "\n".join([_OPENING, *(_section(dataset) for dataset in DATASETS.values())])


def type_name(kind: pa.DataType) -> str:
    """Return how the documentation names an Arrow type, e.g. `timestamp[us, UTC]`."""
    return str(kind).replace("tz=", "").replace("date32[day]", "date")


def _section(dataset: Dataset) -> str:
    keys = ", ".join(f"`{name}`" for name in dataset.sort_keys)
    rule = _DAY_RULES[dataset.belongs].format(at=dataset.time_column)
    facts = [f"Rows are sorted by {keys}, which together name a row."]
    facts += [f"UTC day of a row: {rule}."] if rule else ["One file, no days."]
    rows = [_row(field) for field in dataset.schema]
    table = ["| column | type | unit | null | meaning |", "| --- | --- | --- | --- | --- |", *rows]
    return "\n".join([f"## {dataset.name}", "", dataset.description, *facts, "", *table, ""])


def _row(field: pa.Field) -> str:
    metadata = field.metadata or {}
    unit, meaning = (metadata.get(name, b"").decode() for name in (b"unit", b"description"))
    may_be_null = "yes" if field.nullable else ""
    return f"| `{field.name}` | {type_name(field.type)} | {unit} | {may_be_null} | {meaning} |"


if __name__ == "__main__":
    print(data_dictionary(), end="")
