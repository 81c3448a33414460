"""The integration with Airflow: tasks, timetable, keys, and helpers for DAG files."""
