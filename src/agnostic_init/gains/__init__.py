"""An activation function -> the gain that keeps a signal at unit size through it."""
