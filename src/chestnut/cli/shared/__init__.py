"""Options, live tables and result tables that several commands share."""
