"""Kill commands, and fill their disk, at every change they make to the file system: what is left must be sound.

    python -m crash                      every command, every point (`make crash`)
    python -m crash --command train --kind kill --point 17      one point again

`changes` watches a process and stops it, `forked` runs a command in a fork, `scenes` lists the commands, `trees` reads
and compares what they leave, `points` tries one point after the other, and `results` writes the table of
docs/reliability.md.
"""
