"""The search, on plain arrays: which types and examples give a wanted Familiarity, everything else held equal.

``space`` is what it moves in, ``matching`` what is held equal. ``tilt`` nudges a random subset towards a Familiarity
(``quotas`` sees to its kinds), ``swaps`` brings it exactly there (``goals``, ``alike`` say what is better). ``band``
puts these together, ``ends`` finds how far they reach, ``bounds`` proves what nothing can reach, and ``evaluation``
does the same where it is the evaluation side that is chosen.
"""
