"""A third blind set, one file a case, written in 2026-11 by sessions that had not seen the rules."""
