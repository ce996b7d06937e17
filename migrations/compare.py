"""What is left out when models and database are compared."""


def include_object(item: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what is not ours to compare: procrastinate's tables and daily partitions."""
    if kind != "table" or name is None:
        return True
    tail = name.rpartition("_")[2]
    is_partition = tail == "default" or (tail.isdigit() and len(tail) == 8)
    return not name.startswith("procrastinate_") and not is_partition
