=== health
GET /_cadabra/health HTTP/1.1
Host: 127.0.0.1:4566

---
200
Content-Type: application/json

{"services":{{any}}

=== the same under LocalStack's name
GET /_localstack/health HTTP/1.1
Host: 127.0.0.1:4566

---
200
Content-Type: application/json

{"services":{{any}}

=== reset
POST /_cadabra/reset HTTP/1.1
Host: 127.0.0.1:4566

---
200
Content-Type: application/json

{"status":"ok"}

=== reset under moto's name
POST /moto-api/reset HTTP/1.1
Host: 127.0.0.1:4566

---
200
Content-Type: application/json

{"status":"ok"}

=== there is no such page
GET /_cadabra/nothing HTTP/1.1
Host: 127.0.0.1:4566

---
404
Content-Type: application/json

{"message":"There is nothing here. GET /_cadabra/health, POST /_cadabra/reset."}

=== the clock stands unless tests asked for it
POST /_cadabra/clock HTTP/1.1
Host: 127.0.0.1:4566

{"advance_ms":1000}
---
403
Content-Type: application/json

{"message":"The clock can be moved only when cadabra was started with --test-clock."}
