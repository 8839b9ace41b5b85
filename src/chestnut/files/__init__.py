"""Write files and folders so that a reader sees the old or the new one, never half of one."""
