"""Progress of long work, as the run's log and a terminal show it."""

import io
import logging

import pytest

from energy_pipeline.defs.progress import LINES_PER_WORK, log_progress, terminal_bars


class Terminal(io.StringIO):
    """Somebody watches it."""

    def isatty(self) -> bool:
        return True


def test_long_work_is_told_in_a_few_lines_from_begin_to_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO), log_progress(logging.getLogger("run")) as report:
        for done in range(1_001):
            report("site-days", done, 1_000)
        report("nothing", 0, 0)

    *lines, nothing = (record.getMessage() for record in caplog.records)
    assert len(lines) == LINES_PER_WORK + 1
    assert (lines[0], lines[-1]) == ("site-days: 0 of 1,000", "site-days: 1,000 of 1,000")
    assert nothing == "nothing: 0 of 0"


@pytest.mark.parametrize(("stream", "is_drawn"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_is_drawn_for_who_watches(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, is_drawn: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", stream)
    with terminal_bars() as draw:
        draw("days fetched", 2, 3)
        draw("days fetched", 3, 3)
    assert ("days fetched" in stream.getvalue()) is is_drawn
    assert ("3/3" in stream.getvalue()) is is_drawn
