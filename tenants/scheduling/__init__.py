"""The parts of the scheduler: wake-ups, sources of work, and the slow duties."""
