"""One training run as a job, and the engines that run jobs on this machine or on many."""
