"""Real processes that refresh at once, and one that is killed between answer and storage."""

import signal
from dataclasses import replace

import pytest

from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused
from energy_pipeline_tests.sources.enlighten.oauth import processes
from energy_pipeline_tests.sources.enlighten.oauth.conftest import Machine
from energy_pipeline_tests.state.workers import SPAWN, start

DAY_S = 86_400


def tokens_of_two_processes(machine: Machine, refused: str | None = None) -> list[str]:
    begin, found = SPAWN.Barrier(2), SPAWN.Queue()
    place = (machine.url, machine.base_url, machine.clock.now(), machine.first)
    children = [start(processes.take_token, *place, refused, begin, found) for _ in range(2)]
    tokens = [found.get(timeout=60) for _ in children]
    for child in children:
        child.join()
    return tokens


def killed_child(machine: Machine) -> None:
    place = (machine.url, machine.base_url, machine.clock.now(), machine.first)
    child = start(processes.die_before_storing, *place)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def test_of_two_processes_one_refreshes_and_the_other_reads(machine: Machine):
    first, second = tokens_of_two_processes(machine)
    assert first == second
    assert machine.asked() == 1
    machine.advance(3600)
    third, fourth = tokens_of_two_processes(machine, refused=first)
    assert third == fourth != first
    assert machine.asked() == 2


def test_a_process_that_is_killed_before_it_stores_is_known_and_the_way_back_works(
    machine: Machine,
):
    machine.token()
    machine.advance(DAY_S)
    killed_child(machine)
    machine.clock.advance(60)
    with pytest.raises(GrantRefused) as caught:
        machine.token()
    message = str(caught.value)
    assert "refresh that began at 2024-06-11 12:07 UTC" in message
    assert "a killed process" in message
    assert "`energy-pipeline enlighten authorize`, or set ENLIGHTEN_REFRESH_TOKEN" in message
    machine.first = machine.new_first()
    assert machine.opens(machine.token())


def test_a_killed_process_costs_nothing_where_the_old_token_lives_on(machine: Machine):
    machine.cloud.switches = replace(machine.cloud.switches, refresh_grace_s=120)
    killed_child(machine)
    machine.advance(60)
    assert machine.opens(machine.token())
    machine.advance(DAY_S)
    assert machine.opens(machine.token())
