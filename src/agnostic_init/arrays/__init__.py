"""What an array library can do: its namespace, dtypes, devices and memory."""
