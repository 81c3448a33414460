"""What people and Airflow start: the DAGs' tasks, the command line, the console, the demo."""
