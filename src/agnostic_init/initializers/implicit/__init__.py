"""Weights of networks that are functions of coordinates, and of random features."""
