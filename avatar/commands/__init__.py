"""The subcommands of ``mien``, one file each."""
