"""Reports: one HTML file that opens offline, made from saved JSON, CSV and pictures, never from a model."""
