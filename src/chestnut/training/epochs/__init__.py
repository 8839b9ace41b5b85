"""One epoch of training: fed batch by batch from the host, or run on the device in calls of many steps."""
