"""What a paper reports beside the table of metrics: calibration line, decision curve, fixed points, patients."""
