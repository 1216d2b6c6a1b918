"""How wide the panels of an orthogonal matrix should be on a GPU."""
