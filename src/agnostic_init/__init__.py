"""One seed, one set of weights, on every array library, every device and every shard."""

from agnostic_init import draws as draws
from agnostic_init.bits import Key, key

from agnostic_init.version import __version__ as __version__

__all__ = ["Key", "__version__", "draws", "key"]
