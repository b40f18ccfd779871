"""``chandelier upgrade``: what is due, a rehearsal on a copy, the real thing, and the way back."""
