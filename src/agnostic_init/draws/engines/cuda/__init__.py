"""The fused engine on CUDA devices: one source for CuPy, torch and, in the tests, the host."""
