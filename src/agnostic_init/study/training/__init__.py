"""The same network trained from several initializers, over several seeds."""
