"""How the context gets into threads, streams, tasks and child processes."""
