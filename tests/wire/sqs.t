options: --account 111122223333 --region eu-central-1

=== a client of the query protocol makes a queue
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=CreateQueue&Version=2012-11-05&QueueName=orders&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=60
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><CreateQueueResult><QueueUrl>http://127.0.0.1:4566/123456789012/orders</QueueUrl></CreateQueueResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></CreateQueueResponse>

=== and sends to its address
POST /123456789012/orders HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=SendMessage&Version=2012-11-05&MessageBody=This+is+a+test+message&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number&MessageAttribute.1.Value.StringValue=42
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult><MD5OfMessageBody>fafb00f5732ab283681e124bf8747ed1</MD5OfMessageBody><MD5OfMessageAttributes>{{id}}</MD5OfMessageAttributes><MessageId>{{uuid}}</MessageId></SendMessageResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></SendMessageResponse>

=== who receives gets one element for each thing
POST /123456789012/orders HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded; charset=utf-8
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=SenderId&MessageAttributeName.1=All
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message><MessageId>{{uuid}}</MessageId><ReceiptHandle>{{keep HANDLE}}</ReceiptHandle><MD5OfBody>fafb00f5732ab283681e124bf8747ed1</MD5OfBody><Body>This is a test message</Body><Attribute><Name>SenderId</Name><Value>123456789012</Value></Attribute><MD5OfMessageAttributes>{{id}}</MD5OfMessageAttributes><MessageAttribute><Name>n</Name><Value><StringValue>42</StringValue><DataType>Number</DataType></Value></MessageAttribute></Message></ReceiveMessageResult><ResponseMetadata><RequestId>{{uuid}}</RequestId></ResponseMetadata></ReceiveMessageResponse>

=== the JSON protocol deletes it
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: AmazonSQS.DeleteMessage
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

{"QueueUrl": "http://127.0.0.1:4566/123456789012/orders", "ReceiptHandle": "{{HANDLE}}"}
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: application/x-amz-json-1.0


=== nothing is there any more: the result is empty
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: AmazonSQS.ReceiveMessage
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

{"QueueUrl": "http://127.0.0.1:4566/123456789012/orders", "VisibilityTimeout": 0}
---
200
x-amzn-RequestId: {{uuid}}
Content-Type: application/x-amz-json-1.0

{}

=== an error has both names
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: AmazonSQS.GetQueueUrl
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000
X-Amz-Date: 20261122T000000Z

{"QueueName": "none"}
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: QueueDoesNotExist
x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender
Content-Type: application/x-amz-json-1.0

{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}

=== the inspection, for who has no client at all
GET /_aws/sqs/messages/eu-west-1/123456789012/none HTTP/1.1
Host: 127.0.0.1:4566
Accept: */*

---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>
