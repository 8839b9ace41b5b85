"""Turn the saved files of a run or a study into one HTML page that opens offline."""
