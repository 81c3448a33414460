"""Airflow's side: the tasks, the timetable, the keys, what DAG files call."""
