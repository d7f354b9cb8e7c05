"""`python -m gonogo`: the command line."""

from gonogo.cli.app import main

if __name__ == "__main__":
    main()
