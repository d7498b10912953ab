"""`python -m valaro` is `valaro`."""

from valaro.cli.app import main

if __name__ == "__main__":
    main()
