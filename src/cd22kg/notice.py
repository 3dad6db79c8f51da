"""What every answer and every file says of itself."""

#: The graph tells what was published; nobody may take it for advice.
NOTICE = "An index of published evidence, not medical guidance."
