"""The page of the service: plain HTML, CSS and JavaScript modules, with nothing from elsewhere."""
