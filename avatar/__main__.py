"""``python -m avatar`` is ``mien``."""

from avatar.cli import main

if __name__ == "__main__":
    main()
