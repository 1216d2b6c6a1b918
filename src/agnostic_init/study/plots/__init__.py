"""Pages and pictures drawn: PNG and SVG by matplotlib, HTML, and text for terminals."""
