"""One file for each array library, loaded when that library is used."""
