"""Many parameters at once: rules by name -> a plan -> arrays."""
