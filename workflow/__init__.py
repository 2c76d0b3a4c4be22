"""How work moves: processes, instances, work items, timers and their audit."""
