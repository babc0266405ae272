"""Remedies together: nothing is replayed for which there is no time."""

from __future__ import annotations

from typing import Any

import pytest

from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.combine import FACTORS, Option, combine
from lossdoctor.experiments.replay import Replay
from lossdoctor.experiments.score import Score
from lossdoctor.remedies import Action

NOTHING = Replay(1.0, 1.0, 1.0, Score(0.0, 1.0, None))
OPTION = Option("Put BatchNormalization in.", (Action("batch_normalization", {}),), NOTHING)


class Player:
    """Replays that never help and take a second each; one that was made before is had at once."""

    class bench:
        @staticmethod
        def constant_rate(actions: Any) -> float:
            return 0.1

    def __init__(self) -> None:
        self.seconds, self.done = 0.0, {repr(()), repr(OPTION.actions)}  # the run as it was, too

    def fits(self, actions: Any, left: float) -> bool:
        return repr(actions) in self.done or left >= 1.0

    def replay(self, actions: Any) -> Replay:
        if repr(actions) not in self.done:
            self.seconds += 1.0
            self.done.add(repr(actions))
        return NOTHING


@pytest.mark.parametrize(("seconds", "tried"), [(2.5, 2), (0.5, 0), (60.0, len(FACTORS))])
def test_rates_are_tried_only_as_long_as_there_is_time(seconds, tried):
    """Each rate is a replay of its own, whatever was replayed before."""
    player = Player()
    clock = Clock(seconds, now=lambda: player.seconds)
    assert combine(player, [OPTION], NOTHING, clock, None) is None
    assert player.seconds == tried
