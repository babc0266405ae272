"""A fourth blind set, one file a case: custom losses and unusual outputs, written in 2026-12 by sessions that had not seen the rules."""
