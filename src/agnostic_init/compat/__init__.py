"""Other libraries' names for these initializers: torch_init, keras and jax, each imported by itself."""
