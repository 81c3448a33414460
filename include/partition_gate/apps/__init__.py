"""Entry points for people and for Airflow: the DAG tasks, the command line, the console, the demo."""
