"""What a record holds of the sampled rows: summaries of inputs, targets and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample
from lossdoctor.losses.target_summary import class_weights, summarize_targets
from lossdoctor.record import Data, Output, Target
from lossdoctor.record.summary import summarize_array


def summaries(
    sample: Sample | None, validation: Sample | None, outputs: Sequence[Output], missing: Sequence[str]
) -> Data:
    """Returns what a record holds of training and validation rows."""
    return Data(
        inputs=_each(summarize_array, sample and sample.x, "input"),
        targets=_targets(sample and sample.y, outputs),
        validation_inputs=_each(summarize_array, validation and validation.x, "input"),
        validation_targets=_targets(validation and validation.y, outputs),
        weighted=sample is not None and sample.sample_weight is not None,
        weight_low=_lowest(sample and sample.sample_weight),
        class_weights=class_weights(sample.y, sample.sample_weight) if sample is not None else {},
        missing=tuple(missing),
    )


def _lowest(weights: Any) -> float:
    from keras import tree

    numbers = [np.asarray(a, np.float64) for a in tree.flatten(weights) if a is not None]
    return min((float(np.nanmin(a)) for a in numbers if a.size), default=1.0)


def _each(summarize: Any, tree_of_arrays: Any, name: str) -> tuple[Any, ...]:
    from keras import tree

    if tree_of_arrays is None:
        return ()
    if isinstance(tree_of_arrays, dict):
        return tuple(
            summarize(key, value) for key, value in sorted(tree_of_arrays.items()) if value is not None
        )
    leaves = [a for a in tree.flatten(tree_of_arrays) if a is not None]
    names = [name] if len(leaves) == 1 else [f"{name} {i}" for i in range(len(leaves))]
    return tuple(summarize(n, leaf) for n, leaf in zip(names, leaves, strict=True))


def _targets(tree_of_arrays: Any, outputs: Sequence[Output]) -> tuple[Target, ...]:
    """The outputs' losses tell what whole numbers mean, and which settings go into the baselines."""
    from keras import tree

    if tree_of_arrays is None:
        return ()
    if isinstance(tree_of_arrays, dict):
        return summarize_targets({k: v for k, v in sorted(tree_of_arrays.items()) if v is not None}, outputs)
    return summarize_targets([a for a in tree.flatten(tree_of_arrays) if a is not None], outputs)
