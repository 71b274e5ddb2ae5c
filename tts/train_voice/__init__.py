"""Train the ``daisy`` voice: teachers → features → acoustic model → directions of emotions → checkpoints.

Nothing here is imported by the voice at run time. Needs the extras ``train`` (torch) and ``test`` (pocketsphinx,
which aligns recordings) and, for the teachers, ``apt-get install festival festvox-us-slt-hts flite``::

    mien train voice DATA --work voice-training --minutes 60

Every part keeps its results in the work folder and goes on where it stopped; to train an acoustic model for longer,
run ``--part acoustic`` with more minutes (they count over all runs, and the last 30 % of them lower the learning
rate to zero), then ``--part export``.
"""
