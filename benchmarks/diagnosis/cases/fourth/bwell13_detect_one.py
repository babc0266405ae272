"""One object a picture: objectness, class and box heads; box loss counts only where there is an object."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    n, s = 2400, 20
    x = r.normal(0, 0.15, (n, s, s, 1))
    there = r.random(n) < 0.6
    cls = r.integers(0, 2, n)
    box = np.zeros((n, 4))
    for i in np.flatnonzero(there):
        h, w = r.integers(5, 11, 2)
        t, u = r.integers(0, s - h), r.integers(0, s - w)
        if cls[i]:
            x[i, t : t + h, u : u + w] += 1
        else:
            x[i, t : t + h, [u, u + w - 1]] += 1
            x[i, [t, t + h - 1], u : u + w] += 1
        box[i] = np.array([t, u, h, w]) / s
    y = {
        "there": there.astype("float32")[:, None],
        "cls": np.where(there, cls, -1).astype("float32")[:, None],
        "box": np.concatenate([box, there[:, None]], 1).astype("float32"),
    }
    x = x.astype("float32")
    val = (x[2000:], {k: v[2000:] for k, v in y.items()})
    return {"x": x[:2000], "y": {k: v[:2000] for k, v in y.items()}, "validation_data": val}


def model(seed):
    def cls_loss(t, p):
        known = ops.cast(t >= 0, "float32")
        return keras.losses.binary_crossentropy(ops.maximum(t, 0.0), p) * known[:, 0]

    def box_loss(t, p):
        return 20 * t[:, 4] * ops.mean(ops.square(t[:, :4] - p), axis=-1)

    def box_off(t, p):
        return ops.sum(t[:, 4:] * ops.abs(t[:, :4] - p)) / (4 * ops.sum(t[:, 4]) + 1e-6)

    inp = keras.Input((20, 20, 1))
    h = layers.Conv2D(16, 3, activation="relu")(inp)
    h = layers.MaxPooling2D()(h)
    h = layers.Conv2D(24, 3, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(layers.Flatten()(h))
    m = keras.Model(
        inp,
        {
            "there": layers.Dense(1, activation="sigmoid", name="there")(h),
            "cls": layers.Dense(1, activation="sigmoid", name="cls")(h),
            "box": layers.Dense(4, name="box")(h),
        },
    )
    m.compile(
        keras.optimizers.Adam(1e-3),
        loss={"there": "binary_crossentropy", "cls": cls_loss, "box": box_loss},
        metrics={"box": [box_off]},
    )
    return m


CASE = Case(
    id="fourth-bwell13-detect-one",
    story="Detector with three heads on small pictures, four in ten of them empty; class and box count only where something is there, so many rows cost nothing in two heads.",
    fixed=Run(data, model, {"epochs": 12, "batch_size": 32}),
    well=lambda h: h["val_box_box_off"][-1] < 0.07 and h["val_cls_loss"][-1] < 0.2,
)
