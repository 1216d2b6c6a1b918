"""Fused fast paths behind the `Draw` record, and the one table of who serves whom."""
