options: --allow-origin https://app.example --allow-host aws.example.org

=== a page of another site
POST / HTTP/1.1
Host: 127.0.0.1:4566
Origin: https://evil.example
X-Amz-Target: Kinesis_20131202.ListStreams

{}
---
403
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: AccessDeniedException
Content-Type: application/x-amz-json-1.1
x-amz-id-2: {{id}}

{"__type":"AccessDeniedException","message":"A web page of https://evil.example may not call this server. If it is yours, start cadabra with --allow-origin https://evil.example."}

=== a name that a stranger can point here
GET /_cadabra/health HTTP/1.1
Host: evil.example:4566

---
403
x-amzn-RequestId: {{uuid}}
x-amzn-ErrorType: AccessDeniedException
Content-Type: application/x-amz-json-1.0

{"__type":"AccessDeniedException","Message":"The server was called by the name evil.example, which it does not know. If it is right, start cadabra with --allow-host evil.example."}

=== may a script of an allowed page send this?
OPTIONS / HTTP/1.1
Host: localhost:4566
Origin: https://app.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: x-amz-target,authorization

---
204
Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE
Access-Control-Allow-Headers: x-amz-target,authorization
Access-Control-Max-Age: 7200
Access-Control-Allow-Origin: https://app.example
Access-Control-Expose-Headers: {{any}}
Vary: Origin

=== may a script of another page?
OPTIONS / HTTP/1.1
Host: localhost:4566
Origin: https://evil.example
Access-Control-Request-Method: POST

---
403
x-amz-request-id: {{uuid}}
Content-Type: application/xml
x-amz-id-2: {{id}}

<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDeniedException</Code><Message>A web page of https://evil.example may not call this server. If it is yours, start cadabra with --allow-origin https://evil.example.</Message><RequestId>{{uuid}}</RequestId><HostId>{{id}}</HostId></Error>

=== an allowed page may read the answer
GET /_cadabra/health HTTP/1.1
Host: aws.example.org
Origin: https://app.example

---
200
Content-Type: application/json
Access-Control-Allow-Origin: https://app.example
Access-Control-Expose-Headers: {{any}}
Vary: Origin

{{any}}
