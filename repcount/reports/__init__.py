"""What is written to be looked at: plots, HTML pages, annotated videos."""
