"""Training of the audio-only path; needs the extra ``train``."""
