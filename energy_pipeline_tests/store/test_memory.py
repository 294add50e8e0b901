"""A large fleet's days are written one after another without holding more than one."""

import subprocess
import sys
from pathlib import Path

WRITE_DAYS = """
import sys
from datetime import timedelta
from pathlib import Path
import pyarrow as pa
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION
from energy_pipeline_tests.store.conftest import store_at
from energy_pipeline_tests.store.tables import DAY, fleet_coverage, fleet_intervals

store, entries = store_at(Path(sys.argv[1])), fleet_coverage(500)
for n in range(4):
    for energy_wh in (1.0, 2.0):  # the second replaces every row of the first
        day = DAY + timedelta(days=n)
        store.replace(ENLIGHTEN_PRODUCTION, day, fleet_intervals(500, 300, day, energy_wh), entries)
    print(pa.default_memory_pool().max_memory())
assert store.read(ENLIGHTEN_PRODUCTION, columns=["energy_wh"]).num_rows == 4 * 500 * 288
"""


def test_days_of_500_sites_need_the_memory_of_one(tmp_path: Path):
    command = [sys.executable, "-c", WRITE_DAYS, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    peaks_bytes = [int(line) for line in run.stdout.split()]
    assert peaks_bytes[0] < 100 * 2**20
    assert max(peaks_bytes) < 1.1 * peaks_bytes[0]
