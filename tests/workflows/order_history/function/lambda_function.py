"""Writes each order line that arrives on the stream into the DynamoDB table named by TABLE."""

import base64
import json
import os
from decimal import Decimal

import boto3

# Older boto3 does not read AWS_ENDPOINT_URL by itself; on AWS the variable is absent and None is the default.
dynamodb = boto3.resource("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
table = dynamodb.Table(os.environ["TABLE"])


def item_of(order):
    """CustomerID 0 stands for the guests: a key can't be absent."""
    return {
        "CustomerID": int(order["Customer"] or 0),
        "OrderID": "-".join((order["InvoiceNo"], order["StockCode"], order["Line"])),
        "Description": order["Description"],
        "Quantity": int(order["Quantity"]),
        "UnitPrice": Decimal(order["UnitPrice"]),
        "OrderDate": order["InvoiceDate"],
        "Country": order["Country"],
    }


def lambda_handler(event, context):
    with table.batch_writer(overwrite_by_pkeys=["CustomerID", "OrderID"]) as batch:
        for record in event["Records"]:
            batch.put_item(Item=item_of(json.loads(base64.b64decode(record["kinesis"]["data"]))))
    return {"written": len(event["Records"])}
