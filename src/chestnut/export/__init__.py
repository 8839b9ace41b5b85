"""Write a run's network in other formats, and check that it answers as before."""
