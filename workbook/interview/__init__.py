"""Mock interviews: a pure session, and screens, pages, scripts and reports around it."""
