"""The `biobank` command."""

from biobank.commands import biobank as main

if __name__ == "__main__":
    main(prog_name="biobank")
