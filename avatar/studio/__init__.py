"""``mien studio``: a page on which to try lines, emotions and faces."""
