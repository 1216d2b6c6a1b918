"""A model of the CUDA kernels, from their machine code: nothing here runs on a GPU."""
