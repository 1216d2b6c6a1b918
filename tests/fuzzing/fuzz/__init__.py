"""Random calls of all that is public, against the definition: ``python -m fuzz --seconds 600 --seed 7``."""
