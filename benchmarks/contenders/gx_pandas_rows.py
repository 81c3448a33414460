"""Great Expectations on pandas: the verdict, and for each check the index of every row that breaks it."""

from gx_pandas import judge
from timing import measure


def verdict_and_failing_rows(path: str) -> dict[str, int]:
    return judge(path, result_format="COMPLETE")


if __name__ == "__main__":
    measure(verdict_and_failing_rows)
