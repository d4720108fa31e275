"""`python -m shim`: the command line without its console script."""

from shim.cli import main

if __name__ == "__main__":
    main(prog_name="python -m shim")
