"""One seed, one set of weights, on every array library, every device and every shard."""
