"""The compiled library for host memory: its sources, and what finds and loads it."""
