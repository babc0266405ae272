"""A saved model and its data, for `lossdoctor check`. Here because only the edge may load Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np


def warm_up() -> None:
    """Runs a first operation: TensorFlow writes the second half of its start-up lines then."""
    import keras

    keras.ops.zeros(())


def load_data(path: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns x and y (None when there is none) from an .npz file.

    Raises:
        ValueError: the file is missing, no .npz, holds pickled objects, or no array `x`.
    """
    hint = "pass a file that np.savez('data.npz', x=x, y=y) wrote"
    if not Path(path).is_file():
        raise ValueError(f"--data {path!r}: no such file; {hint}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"--data {path!r}: not an .npz file of plain arrays ({error}); {hint}") from None
    if "x" not in found:
        raise ValueError(f"--data {path!r}: no array 'x' (found {', '.join(found) or 'none'}); {hint}")
    return found["x"], found.get("y")


def load_model(path: str) -> Any:
    """Returns the compiled model saved at `path`.

    Raises:
        ValueError: the file is missing, no Keras model, needs classes of the user, or was not compiled.
    """
    if not Path(path).exists():
        raise ValueError(f"model {path!r}: no such file; pass a model saved with model.save('model.keras')")
    import keras

    try:
        model = keras.saving.load_model(path)
    except Exception as error:  # Keras raises many kinds; all mean that it cannot be loaded from here
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"model {path!r}: Keras cannot load it ({first}); for a model with classes of your own call "
            "lossdoctor.checkup(model, x, y) in Python"
        ) from None
    if getattr(model, "optimizer", None) is None:
        raise ValueError(f"model {path!r}: it was saved without compile(); compile it and save it again")
    return model
