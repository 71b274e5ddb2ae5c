"""Train the ``daisy`` voice: teachers → features → acoustic model → style directions → checkpoint.

Nothing here is imported by the voice at run time. Needs the extra ``train`` (torch) and, for the teachers, the
Debian packages ``festival festvox-us-slt-hts flite``.
"""
