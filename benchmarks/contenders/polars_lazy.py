"""Polars, lazy: the rows that break a check, each with all its reasons."""

from collections import Counter

import orders
import polars as pl
from timing import measure


def failing_rows(path: str) -> dict[str, int]:
    conditions = {rule_id: condition.fill_null(value=False).alias(rule_id) for rule_id, condition in _breaks().items()}
    broken = pl.scan_parquet(path).with_columns(**conditions).filter(pl.any_horizontal(*conditions)).collect()
    return Counter({rule_id: count for rule_id in conditions if (count := broken[rule_id].sum())})


def _breaks() -> dict[str, pl.Expr]:
    column = pl.col
    return {
        "order_id_known": column("order_id").is_null(),
        "order_id_unique": column("order_id").is_duplicated() & column("order_id").is_not_null(),
        "customer_known": column("customer_id").is_null(),
        "created_known": column("created_at").is_null(),
        "status_known": column("status").is_null(),
        "status_in_set": ~column("status").is_in(orders.STATUSES),
        "country_in_set": ~column("country").is_in(orders.COUNTRIES),
        "quantity_in_range": ~column("quantity").is_between(1, 100),
        "price_in_range": ~column("unit_price").is_between(0, 10000, closed="right"),
        "discount_in_range": ~column("discount").is_between(0, 0.5),
        "sku_matches": ~column("sku").str.contains(orders.SKU),
        "email_matches": ~column("email").str.contains(orders.EMAIL),
        "email_length": ~column("email").str.len_chars().is_between(6, 64),
        "shipped_after_created": column("shipped_at") < column("created_at"),
    }


if __name__ == "__main__":
    measure(failing_rows)
