"""What uvicorn is given: parsers with limits, and an end in good order."""
