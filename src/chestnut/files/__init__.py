"""Write files and folders so that a reader sees the old one or the new one, never half of one; lock and hash them."""
