"""Placeholder docstring, written with the first module."""
