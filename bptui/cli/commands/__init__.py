"""One command a module, imported when it is run: `run` takes its arguments and returns the exit status."""
