"""Separating tests: can the net fit one batch alone, and does it do better with its inputs than without?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import tree

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.constant_answer import best_constant, repeated
from lossdoctor.experiments.input_use import derangement
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.experiments.replay import Replayer
from lossdoctor.experiments.rows import order, take
from lossdoctor.experiments.scoring import losses_of
from lossdoctor.losses import loss_of

# A batch alone: as many steps as its loss needs to fall to nothing in a healthy net under Adam's default rate
# (measured on the healthy runs of the ward: 60 to 180).
ONE_BATCH_STEPS = 200


def one_batch(player: Replayer) -> dict[str, Any]:
    """Returns `Record.experiments["one_batch"]`: one batch's loss before and after it was fitted alone.

    A net that cannot get below the baseline of so few rows has no path for the error to its weights;
    where it can, the fault is in the rate, the time or the data.
    """
    batch = take(player.rows, np.arange(min(max(player.batch, 2), player.rows.rows)))
    variant = player.bench.variant(())
    variant.load(batch)
    first, outputs = variant.evaluate(batch)
    variant.train(order(batch.rows, batch.rows, ONE_BATCH_STEPS))
    name, config = losses_of(variant, len(outputs))[0]
    row = loss_of(name)
    known = row is not None and len(outputs) == 1 and batch.y is not None
    baseline = row.baseline(np.asarray(tree.flatten(batch.y)[0]), config) if row and known else math.nan
    return {
        "first": first,
        "last": variant.evaluate(batch)[0],
        "baseline": baseline,
        "steps": ONE_BATCH_STEPS,
    }


def pairs(player: Replayer) -> dict[str, Any]:
    """Returns `Record.experiments["pairs"]`: held-out losses after the replay on true pairs and on exchanged targets.

    Equal losses say that the targets tell nothing of their inputs, or that this model cannot use them in so few steps;
    "fitted" (loss on the rows trained on, targets true) tells which, and "constant" what a constant answer costs.
    """
    index = derangement(player.rows.rows, np.random.default_rng(0))
    other = take(player.rows, index)
    exchanged = Sample(player.rows.x, other.y, other.sample_weight)
    passes = Passes(player.bench.variant(()).model)
    answer = best_constant(passes, player.rows)
    constant = number(
        passes.loss(
            player.held_out, repeated(answer, player.held_out.rows, passes.forward(player.held_out.x))
        )
    )
    variant = player.bench.variant(())
    variant.load(exchanged)
    variant.train(order(exchanged.rows, player.batch, player.steps))
    permuted = variant.evaluate(player.held_out)[0]
    true = player.replay(())
    return {"true": true.held_out, "fitted": true.last, "permuted": permuted, "constant": constant}


def zero_inputs(player: Replayer) -> dict[str, Any]:
    """Returns `Record.experiments["zero_inputs"]`: losses after the replay with the inputs, and with zeros for them.

    Equal losses say that the net makes no use of its inputs.
    """
    zeros = tree.map_structure(lambda a: np.zeros_like(np.asarray(a)), player.rows.x)
    blind = Sample(zeros, player.rows.y, player.rows.sample_weight)
    variant = player.bench.variant(())
    variant.load(blind)
    variant.train(order(blind.rows, player.batch, player.steps))
    return {"with": player.replay(()).last, "without": variant.evaluate(blind)[0]}
