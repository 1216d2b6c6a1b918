"""All that a GPU is needed for, in one command and a bounded time: ``python -m bench.gpu``."""
