"""The portrait renderer: one picture of a face, animated in place."""
