"""What the cases of overfit and held_back share."""

from __future__ import annotations

FIT = {"epochs": 15, "batch_size": 32}
