"""Weights of state space models."""
