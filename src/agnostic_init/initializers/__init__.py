"""(shape, key) -> array: initializers as values."""
