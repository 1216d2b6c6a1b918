"""The properties, one a module: `cases` makes random ones, and `check` raises for one that fails."""
