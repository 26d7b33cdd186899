# What is unknown, malformed or not built, in the words of each protocol.

=== an unknown operation of a known service
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.Nonsense

{}
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: UnknownOperationException
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

{"__type":"UnknownOperationException"}

=== an unknown target of a request that is signed for a known service
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Nonsense
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0

{}
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: UnknownOperationException
Content-Type: application/x-amz-json-1.1

{"__type":"UnknownOperationException"}

=== an unknown target
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: Nothing_20200101.Nonsense

{}
---
400
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: UnknownOperationException
Content-Type: application/x-amz-json-1.0

{"__type":"UnknownOperationException","message":"There is no operation Nothing_20200101.Nonsense."}

=== an unknown action
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=Nonsense&Version=2011-06-15
---
400
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation Nonsense for version 2011-06-15</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== an unknown path of a REST service
GET /2015-03-31/nonsense HTTP/1.1
Host: 127.0.0.1:4566
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0

---
404
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: UnknownOperationException
Content-Type: application/json

{"message":"There is no operation GET /2015-03-31/nonsense."}

=== an operation that is not built, JSON
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Logs_20140328.ListAnomalies

{}
---
501
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: NotImplemented
Content-Type: application/x-amz-json-1.1

{"__type":"NotImplemented","message":"cadabra has not built logs:ListAnomalies yet; `cadabra ops` lists what works."}

=== an operation that is not built, query
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&PrincipalArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Asaml-provider%2Fp&SAMLAssertion=abcdef
---
501
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>cadabra has not built sts:AssumeRoleWithSAML yet; `cadabra ops` lists what works.</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>

=== an operation that is not built, REST-JSON
GET /2025-11-30/capacity-providers HTTP/1.1
Host: 127.0.0.1:4566
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0

---
501
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: NotImplemented
Content-Type: application/json

{"message":"cadabra has not built lambda:ListCapacityProviders yet; `cadabra ops` lists what works."}

=== an operation that is not built, REST-XML
GET /bucket/key?torrent HTTP/1.1
Host: 127.0.0.1:4566

---
501
x-amz-request-id: {{uuid}}
Content-Type: application/xml
x-amz-id-2: {{id}}

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NotImplemented</Code><Message>cadabra has not built s3:GetObjectTorrent yet; `cadabra ops` lists what works.</Message><RequestId>{{uuid}}</RequestId><HostId>{{id}}</HostId></Error>

=== a service that nobody has modelled
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0

Action=DescribeInstances&Version=2016-11-15
---
501
x-amzn-RequestId: {{uuid}}
Content-Type: text/xml

<ErrorResponse><Error><Type>Receiver</Type><Code>NotImplemented</Code><Message>cadabra has no service ec2 yet; `cadabra ops` lists what works.</Message></Error><RequestId>{{uuid}}</RequestId></ErrorResponse>
