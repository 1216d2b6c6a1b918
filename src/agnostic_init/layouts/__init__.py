"""(shape, layout) -> the axes of a weight and its fans, in plain Python."""
