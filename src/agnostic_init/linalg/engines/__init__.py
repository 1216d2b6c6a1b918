"""The ways to the same matrices, one file for each library."""
