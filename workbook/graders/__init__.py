"""One grader per kata: workload, model, checks. They know the harness and the services, nothing else."""
