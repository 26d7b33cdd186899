# What is unknown, malformed or not built, in the words of each protocol.

=== an unknown operation of a known service
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.Nonsense

{}
---
400

=== an unknown target
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.0
X-Amz-Target: Nothing_20200101.Nonsense

{}
---
400

=== an unknown action
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=Nonsense&Version=2011-06-15
---
400

=== an unknown path of a REST service
GET /2015-03-31/nonsense HTTP/1.1
Host: 127.0.0.1:4566
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0

---
404

=== an operation that is not built, JSON
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.StartStreamEncryption

{"StreamName":"s","EncryptionType":"KMS","KeyId":"k"}
---
501

=== an operation that is not built, query
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded

Action=CreateTopic&Version=2010-03-31&Name=t
---
501

=== an operation that is not built, REST-JSON
GET /2015-03-31/functions/f/concurrency HTTP/1.1
Host: 127.0.0.1:4566

---
501

=== an operation that is not built, REST-XML
GET /bucket/key HTTP/1.1
Host: 127.0.0.1:4566

---
501

=== a service that nobody has modelled
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-www-form-urlencoded
Authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261122/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0

Action=DescribeInstances&Version=2016-11-15
---
501

=== malformed JSON
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.ListStreams

{"Limit"
---
400

=== JSON that is nested 10,000 deep
POST / HTTP/1.1
Host: 127.0.0.1:4566
Content-Type: application/x-amz-json-1.1
X-Amz-Target: Kinesis_20131202.ListStreams

{{repeat 10000 [}}
---
400
