"""Order lines for the workflows: real ones where ../shared/data is, else made by a small generator.

Each order is a dict of strings, as the Kinesis agent makes them from the CSV file; "Line" numbers the lines, so
that an invoice may name an article twice.
"""

import csv
import lzma
import os
import pathlib
import random

TOP = pathlib.Path(__file__).resolve().parents[2]
REAL = TOP.parent / "shared" / "data" / "OnlineRetail.csv.xz"
FIELDS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer", "Country")
ALL_REAL = 541_909


def wanted():
    """How many lines a run takes: WORKFLOW_ORDERS=all, or a number; the first 20,000 otherwise."""
    text = os.environ.get("WORKFLOW_ORDERS", "20000")
    return ALL_REAL if text == "all" else int(text)


def _real():
    with lzma.open(REAL, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        yield from rows


def _made():
    """Lines with all that real ones have: guests, returns, commas, quotes, other scripts, repeated articles."""
    dice = random.Random(4566)
    goods = [(f"{22000 + i}{dice.choice(['', '', 'A', 'B'])}", f"ARTICLE, No. {i} \"{word}\"", f"{dice.randrange(1, 5000) / 100}")
             for i, word in enumerate(["RED", "naïve", "Größe", "ガラス", "50% OFF"] * 80)]
    invoice = 536365
    while True:
        customer = dice.choice(["", str(dice.randrange(12346, 18288))])
        for _ in range(dice.randrange(1, 40)):
            code, text, price = dice.choice(goods)
            yield (f"{dice.choice(['', '', '', 'C'])}{invoice}", code, text, str(dice.randrange(-10, 100)),
                   f"12/{dice.randrange(1, 29)}/2010 {dice.randrange(8, 20)}:{dice.randrange(10, 60)}", price, customer,
                   dice.choice(["United Kingdom", "France", "EIRE"]))
        invoice += 1


def orders(count):
    source = _real() if REAL.exists() else _made()
    for number, row in zip(range(count), source):
        order = dict(zip(FIELDS, row))
        order["Line"] = str(number)
        yield order
