"""The fast part of the chaos suite, and that it would notice if a safeguard were gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos import run, scenarios
from tests.chaos.processes import Process
from tests.chaos.tally import Tally
from tests.chaos.world import World

from partition_gate.wiring import preload

SEED = 1
SAFEGUARDS: dict[str, tuple[scenarios.Scenario, scenarios.Switch]] = {
    "fence": (scenarios.overtaken, scenarios.without_fence),
    "If-Match": (scenarios.replaced, scenarios.without_if_match),
    "reconciliation": (scenarios.unrecorded, scenarios.without_repair),
}
Found = dict[str, Tally]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Each scenario with and without its safeguard, played in one process that has loaded everything once."""
    folder = tmp_path_factory.mktemp("chaos")

    def work() -> dict[str, object]:
        preload()
        return {name: vars(_played(folder / name, *play)) for name, play in _plays().items()}

    ended = Process(work, log=folder / "log").ended(limit_s=300)
    assert ended.answer, (folder / "log").read_text()
    return {name: Tally(**values) for name, values in ended.answer.items()}


def _plays() -> dict[str, tuple[scenarios.Scenario, scenarios.Switch]]:
    kept = {name: (scenario, scenarios.keep) for name, (scenario, _) in SAFEGUARDS.items()}
    return kept | {f"no {name}": play for name, play in SAFEGUARDS.items()}


def _played(folder: Path, scenario: scenarios.Scenario, switch_off: scenarios.Switch) -> Tally:
    world = World(folder)
    world.prepare()
    return scenario(world, switch_off)


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_a_danger_that_is_made_on_purpose_does_no_harm(found: Found, safeguard: str) -> None:
    assert found[safeguard].faults == found[safeguard].tried
    assert found[safeguard].is_clean, found[safeguard]


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_the_same_danger_does_harm_without_its_safeguard(found: Found, safeguard: str) -> None:
    assert not found[f"no {safeguard}"].is_clean


def test_a_small_part_of_the_suite_is_clean() -> None:
    tallies = run.played([run.kills("gate run", cycles=6), run.kills("Airflow tasks", cycles=4)], seed=SEED)

    assert [tally for tally in tallies if not tally.is_clean] == []
    assert sum(tally.faults for tally in tallies) > 0
