"""Weights of recurrent layers, a block for each gate."""
