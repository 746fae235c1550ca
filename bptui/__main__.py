"""`python -m bptui`: the same as the `bptui` command."""

from bptui.cli import main

if __name__ == "__main__":  # a process of `bptui check` imports this module too
    raise SystemExit(main())
