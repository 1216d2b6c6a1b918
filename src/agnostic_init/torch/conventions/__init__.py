"""Which initializers a layer's tensors have, by the type of the layer: one table a file."""
